#!/usr/bin/env python3
"""Makes corpus-arts and corpus-mcop of the recorded sessions (tests/mcop/*.txt).

Of corpus-arts a file is what the client of one session said, as fuzz-arts's
steps: by rows of mcop.def instead of the numbers of then, its answers those of
OBLIGE, its sound cut short.  Of corpus-mcop a file is one kind of message.
"""

import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mcop"))

import replay  # noqa: E402
from mcop import INVOCATION, ONEWAY, Reader, long, reference, string  # noqa: E402

TALK, CALL, TELL, LOOKUP, ANSWER, REPEAT, OBLIGE, TURN, CLIENT, HELLO, LEAVE, \
    DEAF = range(12)
BYTE, BOOLEAN, LONG, FLOAT, STRING, BYTES, REFERENCE, WANTED = range(8)
OURS, OWN = "esdmixd-1-1", "fuzz-1-1"
ADDRESSES = ["unix:/tmp/mcop-fuzz/esdmixd-1-1"]
# Recorded objects of the server: here.
OBJECTS = {28: 1, 30: 2, 25: 5, 61: 8, 57: 8, 59: 8}
TAGS = {1: "SERVER_V3", 2: "FLOW", 3: "TMP_COMM", 4: "STACK", 5: "VOLUME",
        8: "SINK"}
OBJECTS_HERE = (1, 2, 3, 4, 5)
SOUND = 24  # bytes of a packet that are kept


def rows():
    """[(tag, name, result)], and {tag: parents}."""
    text = (HERE.parent.parent / "protocols/mcop.def").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    parents = {tag: re.findall(r"IS\((\w+)\)", rest) for tag, rest in
               re.findall(r"^INTERFACE\((\w+),\s*\"[^\"]*\",(.*)\)$", text,
                          re.M)}
    found = []
    for kind, tag, name, rest in re.findall(
            r"^(METHOD|ONEWAY|CALLED)\((\w+),\s*(\w+),\s*(\"[^\"]*\")", text,
            re.M):
        found.append((tag, name, "void" if kind == "ONEWAY"
                      else rest.strip('"')))
    return found, parents


ROWS, PARENTS = rows()


def tags_of(number, sender=False):
    """What such an object is, and all that it inherits."""
    wanted, tags = ["SENDER" if sender else TAGS[number]], set()
    while wanted:
        tag = wanted.pop()
        tags.add(tag)
        wanted += PARENTS[tag]
    return tags


def row_of(number, name, result, sender=False):
    tags = tags_of(number, sender)
    return next(i for i, row in enumerate(ROWS)
                if row[0] in tags and row[1:] == (name, result))


def step(kind, *numbers, data=None):
    out = bytes([kind, *numbers])
    return out if data is None else out + struct.pack("<H", len(data)) + data


class Seed:
    def __init__(self, said):
        self.server = Reader(said[0].body)
        self.server.string()
        self.server = self.server.string()
        reader = Reader(said[1].body)
        self.client = reader.string()
        self.names = {}
        self.out = step(HELLO)
        self.walk(replay.tree(said[3:]))
        self.out += step(OBLIGE) + step(TURN) + step(OBLIGE)

    def translate(self, body):
        for server, ours in ((self.server, True), (self.client, False)):
            old, at, out = string(server), 0, b""
            while True:
                next = body.find(old, at)
                if next < 0:
                    break
                reader = Reader(body[next:])
                _, number, _ = reader.reference()
                out += body[at:next] + (
                    reference(OURS, OBJECTS[number], ADDRESSES) if ours
                    else reference(OWN, number))
                at = next + reader.at
            body = out + body[at:]
        return body

    def walk(self, said):
        for one in said.meanwhile:
            if not one.ours:
                if one.kind == INVOCATION and self.out[-1:] != \
                        bytes([OBLIGE]):
                    self.out += step(OBLIGE)
                continue
            self.say(one)
            # What OBLIGE says within its own answers is not said again.
            if one.kind == INVOCATION and one.method and self.names[
                    one.object, one.method][0] in ("attach", "attachRecorder",
                                                   "detach", "detachRecorder",
                                                   "disconnect"):
                self.out += step(OBLIGE)

    def say(self, one):
        number = OBJECTS[one.object]
        sender = one.object == 59  # what a recording client acknowledges
        if one.kind == ONEWAY:
            data = one.arguments
            name = "processed" if sender else "receive"
            if len(data) > SOUND:
                data = long(SOUND) + data[4:4 + SOUND]
            self.out += step(TELL, number, row_of(number, name, "void",
                                                  sender), data=data)
            if len(data) > 4:
                self.out += step(TURN)
        elif one.method == 0:
            name, result, *_ = Reader(one.arguments).method()
            if one.answer is not None:
                self.names[one.object, Reader(one.answer).long()] = name, \
                    result
                self.out += step(LOOKUP, number, row_of(
                    number, name, result, sender))
        else:
            name, result = self.names[one.object, one.method]
            self.out += step(CALL, number, row_of(number, name, result,
                                                  sender),
                             data=self.translate(one.arguments))


def hostile():
    """Answers that are wrong, late, repeated, and never."""
    attach = row_of(1, "attach", "void")
    begin = step(HELLO) + step(CALL, 1, attach, data=reference(OWN, 28))
    number = long(row_of(8, "_useRemote", "void"))
    detach = step(CALL, 1, row_of(1, "detach", "void"),
                  data=reference(OWN, 28))
    record, detach_recorder = (
        step(CALL, 1, row_of(1, name, "void"), data=reference(OWN, 28))
        for name in ("attachRecorder", "detachRecorder"))
    disconnect = step(CALL, 8, row_of(8, "disconnect", "void"), data=b"")

    def sound(count):
        return step(TELL, 8, row_of(8, "receive", "void"),
                    data=long(count) + bytes(count))

    return {
        "never": begin + step(TURN),
        "twice": begin + step(REPEAT, 0, data=number) * 3 +
        step(OBLIGE) + step(TURN),
        "wrong": begin + b"".join(step(ANSWER, 0, data=data) for data in (
            long(-1), b"", b"\xff" * 40, number, b"", number, long(7))) +
        step(OBLIGE),
        "late": begin + step(CLIENT, 1) + begin + step(OBLIGE) + step(TURN) +
        step(CLIENT, 0) + step(OBLIGE) + step(LEAVE) + step(TURN),
        "leaves": begin + step(OBLIGE) + step(TELL, 8, row_of(
            8, "receive", "void"), data=long(8) + bytes(range(8))) +
        step(LEAVE) + step(TURN),
        "deaf": begin + step(OBLIGE) + step(DEAF) + step(TELL, 8, row_of(
            8, "receive", "void"), data=long(8) + bytes(8)) + step(TURN),
        **{f"every-{number}": step(HELLO) + b"".join(
            step(CALL, number, row, data=string("x") + bytes(8))
            for row in range(len(ROWS)) if ROWS[row][0] in tags_of(number))
            for number in OBJECTS_HERE},
        "too-soon": begin + detach + step(OBLIGE) + step(TURN) + disconnect +
        step(OBLIGE) + step(TURN),
        "too-soon-recorder": step(HELLO) + record + detach_recorder +
        step(OBLIGE) + step(TURN) + step(OBLIGE),
        "within-frames": begin + step(OBLIGE) + b"".join(
            map(sound, (0, 1, 2, 3, 5, 0, 4095))) + step(TURN) +
        step(OBLIGE) + detach + sound(3) + step(OBLIGE) + disconnect +
        step(OBLIGE) + disconnect + sound(1) + step(TURN),
        "same-twice": begin + step(CALL, 1, attach, data=reference(OWN, 28)) +
        step(OBLIGE) * 3 + detach * 3 + step(OBLIGE) * 3 + step(TURN),
        "talks": step(TALK, data=b"MCOP" + bytes(8)) + step(LEAVE) +
        step(HELLO) + step(TALK, data=b"MCOP" + long(16) + long(5) + long(9)),
    }


def main():
    for name in ("arts", "mcop"):
        (HERE / f"corpus-{name}").mkdir(exist_ok=True)
    kinds = {}
    for file in ("play", "record", "tools"):
        for number, (_, said) in enumerate(replay.sessions(f"{file}.txt")):
            (HERE / "corpus-arts" / f"{file}-{number}").write_bytes(
                Seed(said).out)
            for one in said:
                if one.kind == INVOCATION and one.method == 0:
                    kinds["lookup"] = bytes([4, LONG, LONG, LONG, WANTED]) + \
                        one.body
                elif one.kind == INVOCATION and one.arguments:
                    kinds.setdefault(f"call-{len(one.arguments)}", bytes(
                        [6, LONG, LONG, LONG, REFERENCE, STRING, REFERENCE]) +
                        one.body)
                elif one.kind == 1:
                    kinds["hello"] = bytes([5, STRING, STRING, LONG, STRING,
                                            STRING]) + one.body
    kinds["values"] = bytes([5, BYTE, BOOLEAN, FLOAT, BYTES, STRING]) + \
        b"\x05\x01\x3f\x00\x00\x00" + long(2) + b"ab" + string("c")
    kinds["header"] = b"MCOP" + long(16) + long(4) + long(1)
    for name, data in kinds.items():
        (HERE / "corpus-mcop" / name).write_bytes(data)
    for name, data in hostile().items():
        (HERE / "corpus-arts" / name).write_bytes(data)


if __name__ == "__main__":
    main()
