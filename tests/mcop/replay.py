#!/usr/bin/env python3
"""The recorded sessions again: a client that says what the recorded one said,
byte for byte but for the numbers of our objects, methods and requests, hears
from the daemon what the recorded one heard, in all that a client reads.

The records: tests/mcop/*.txt, each message as a line that says what it is, and
a dump.  Of sound they hold the beginning only; the rest follows from it.
"""

import pathlib
import re
import struct

from mcop import (AUTH_ACCEPT, CLIENT_HELLO, INVOCATION, ONEWAY, RETURN,
                  SERVER_HELLO, Peer, Reader, long, message, reference,
                  string)

from daemon import check, on_card, until
from sound import FRAME, words

RATE = 44100
HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r"^\d{3} (C->S|S->C) len=(\d+) ")
DUMP = re.compile(r"^    ([0-9a-f]{4})  ((?:[0-9a-f]{2} ?){1,16})")

# What need not be as it was there: our own figures and words.
FREE = {"_get_audioMethod", "_get_audioDevice", "_get_secondsUntilSuspend",
        "_get_realtimeStatus"}


class Said:
    """A recorded message, and what was said while its answer was awaited."""

    def __init__(self, ours, kind, body):
        self.ours = ours  # by the client
        self.kind = kind
        self.body = body
        self.meanwhile = []
        self.answer = None  # body
        reader = Reader(body)
        if kind in (INVOCATION, ONEWAY):
            self.object, self.method = reader.long(), reader.long()
            self.arguments = body[12 if kind == INVOCATION else 8:]
        if kind in (INVOCATION, RETURN):
            self.request = struct.unpack(
                ">I", body[8:12] if kind == INVOCATION else body[:4])[0]


def sessions(name):
    """[(title, [Said])] of a record's connections."""
    found = []
    title, current, data, left = "", None, b"", 0
    for row in (HERE / name).read_text().splitlines():
        if row.startswith("== "):
            title = row[3:]
        elif row.startswith("--- client connects"):
            current = []
            found.append((title, current))
        elif LINE.match(row):
            way, length = LINE.match(row).groups()
            data, left = b"", int(length)
        elif left and DUMP.match(row):
            data += bytes.fromhex(DUMP.match(row).group(2))
            if len(data) >= left:
                add(current, way, data[:left])
                left = 0
        elif left and row.strip().startswith("..."):
            add(current, way, data + complete(data, left))
            left = 0
    return found


def add(current, way, data):
    current.append(Said(way == "C->S", struct.unpack(">I", data[8:12])[0],
                        data[12:]))


def complete(data, length):
    """The rest of a packet: the recorded client counted its left side up and
    its right side down.  What was recorded here were silence and a tone, which
    nobody compares."""
    left, = struct.unpack("<h", data[24:26])
    frames = (length - 24) // FRAME
    body = b"".join(struct.pack("<hh", wrap(left + i), wrap(-(left + i)))
                    for i in range(frames))
    return body[len(data) - 24:]


def wrap(value):
    return (value + 32768) % 65536 - 32768


def tree(said):
    """What was said, by what it was said within."""
    root = Said(True, 0, b"")
    stack = [root]
    for one in said:
        if one.kind == RETURN:
            # The innermost of the other side's with that number.
            at = max(i for i, asked in enumerate(stack)
                     if i and asked.ours != one.ours and
                     asked.request == one.request)
            stack.pop(at).answer = one.body[4:]
        else:
            stack[-1].meanwhile.append(one)
            if one.kind == INVOCATION:
                stack.append(one)
    return root


class Replay(Peer):
    def __init__(self, daemon, title, said):
        self.title = title
        hello, answer = said[0], said[1]
        check((hello.kind, answer.kind) == (SERVER_HELLO, CLIENT_HELLO),
              f"{title}: does not begin with hellos")
        reader = Reader(hello.body)
        check(reader.string() == "aRts/MCOP-1.0.0", "another version")
        self.old_server = reader.string()
        reader = Reader(answer.body)
        super().__init__(daemon, id=reader.string(), auth=False)
        check(self.version == "aRts/MCOP-1.0.0", self.version)
        check("md5auth" in self.offered, str(self.offered))
        self.send(message(CLIENT_HELLO, answer.body))
        kind, _ = self.read_message()
        check(kind == AUTH_ACCEPT, f"{title}: not accepted")
        self.root = tree(said[3:])
        self.objects = {28: self.number}  # recorded: ours
        self.methods = {}     # (recorded object, recorded method): ours
        self.names = {}       # likewise: its name and result
        self.mine = {}        # (object of the client, number): name
        self.mine_by_name = {}
        self.asked = []       # of the client, in the record
        self.data = b""       # sound that came
        self.gather(self.root)

    def gather(self, said):
        """The recorded numbers of the client's methods."""
        for one in said.meanwhile:
            if one.kind == INVOCATION and one.method == 0:
                name, result, *_ = Reader(one.arguments).method()
                if one.answer is None:
                    continue
                number = Reader(one.answer).long()
                if one.ours:
                    self.names[one.object, number] = name, result
                else:
                    self.mine[one.object, number] = name
                    self.mine_by_name[one.object, name] = number
            elif not one.ours and one.kind == INVOCATION:
                self.asked.append(one)
            self.gather(one)

    # references, from there to here

    def translate(self, body):
        """The arguments, with references to the server made ours."""
        old = string(self.old_server)
        out, at = b"", 0
        while True:
            next = body.find(old, at)
            if next < 0:
                return out + body[at:]
            reader = Reader(body[next:])
            _, number, _ = reader.reference()
            out += body[at:next] + reference(
                self.server, self.objects[number], self.addresses)
            at = next + reader.at

    # the client's part

    def play(self):
        for one in self.root.meanwhile:
            self.say(one)

    def say(self, one):
        """Says one of ours; what the daemon asks meanwhile, called() answers
        as it was answered then, with all that was said within."""
        if not one.ours:
            return
        number = self.objects[one.object]
        method = 0
        if one.method:
            method = self.methods[one.object, one.method]
        if one.kind == ONEWAY:
            self.send(message(ONEWAY, long(number), long(method),
                              self.translate(one.arguments)))
            return
        try:
            request = self.start_call(number, method,
                                      self.translate(one.arguments))
        except BrokenPipeError:
            check(one.answer is None, f"{self.title}: closed too early")
            return
        for inner in one.meanwhile:  # what did not wait for the answer
            if inner.ours and inner.kind == ONEWAY:
                self.say(inner)
        if one.answer is None:
            try:
                self.finish_call(request)
            except ConnectionResetError:
                pass
            return
        self.compare(one, self.finish_call(request))

    def compare(self, one, got):
        name, result = ("_lookupMethod", "long") if one.method == 0 else \
            self.names[one.object, one.method]
        old = Reader(one.answer)
        what = f"{self.title}: {name} of object {one.object}"
        if one.method == 0:
            number = got.long()
            got.end(what)
            check(number >= 0, f"{what}: no such method: "
                               f"{Reader(one.arguments).method()[:2]}")
            self.methods[one.object, old.long()] = number
        elif result.startswith("Arts::") and not result.endswith("Status"):
            self.compare_reference(what, old.reference(), got.reference())
        elif name == "_toString":
            self.compare_text(what, old.string(), got.string())
        elif name == "_get_receiveHandlerID":
            self.methods[one.object, old.long()] = got.long()
        elif name in FREE:
            check(len(got.data) > 0, f"{what}: empty")
            return
        else:
            check(got.data == one.answer, f"{what}: {got.data.hex()}, "
                                          f"not {one.answer.hex()}")
            return
        got.end(what)

    def compare_reference(self, what, old, got):
        check(old[0] == self.old_server and got[0] == self.server,
              f"{what}: {got}")
        check(len(old[2]) == len(got[2]) and got[2] == self.addresses,
              f"{what}: addresses {got[2]}")
        known = self.objects.setdefault(old[1], got[1])
        check(known == got[1], f"{what}: object {got[1]}, not {known}")

    def compare_text(self, what, old, got):
        prefix = "MCOP-Object:"
        check(old.startswith(prefix) and got.startswith(prefix), got)
        old, got = (Reader(bytes.fromhex(text[len(prefix):])).reference()
                    for text in (old, got))
        self.compare_reference(what, old, got)

    # the daemon's part

    def recorded(self, number, name):
        for i, one in enumerate(self.asked):
            if one.object == number and \
                    self.mine[number, one.method] == name:
                return self.asked.pop(i)
        return None

    def called(self, number, code, body):
        if code == 0:
            name = Reader(body).method()[0]
            return long(self.mine_by_name.get((number, name),
                                              self.usual(name)))
        name = self.mine.get((number, code)) or self.usual_name(code)
        one = self.recorded(number, name)
        if one is None:
            # Asked more often than then: answered likewise.
            check(name in ("_useRemote", "_releaseRemote", "_copyRemote",
                           "_isCompatibleWith"),
                  f"{self.title}: {name} of object {number} is asked")
            return b"\x01" if name == "_isCompatibleWith" else b""
        if name in ("connectObject", "createReceiver", "queryFlags"):
            self.learn(one.arguments, body)
        for inner in one.meanwhile:
            self.say(inner)
        return one.answer

    def check_asked(self):
        """What the client was asked then and not now, it need not be."""
        names = {self.mine[one.object, one.method] for one in self.asked}
        check(names <= {"_toString", "_copyRemote", "_useRemote",
                        "_isCompatibleWith", "_releaseRemote", "queryFlags",
                        "_get__flowSystem"}, f"never asked: {names}")

    # The numbers of what every object has are the same for all objects of an
    # original.
    USUAL = {"_toString": 5, "_isCompatibleWith": 6, "_copyRemote": 7,
             "_useRemote": 8, "_releaseRemote": 9, "_get__flowSystem": 14}

    def usual(self, name):
        return self.USUAL.get(name, -1)

    def usual_name(self, code):
        return next(name for name, usual in self.USUAL.items()
                    if usual == code)

    def learn(self, old, new):
        """Arguments are alike but for references; which object is which."""
        old, new = Reader(old), Reader(new)
        while old.at < len(old.data):
            # Either a reference or a string: a name is no port.
            mark = old.at
            text = old.string()
            if text in ("outdata", "indata"):
                check(new.string() == text, "another port")
                continue
            old.at = mark
            there, here = old.reference(), new.reference()
            if there[0] == self.old_server:
                check(here[0] == self.server, f"not ours: {here}")
                self.objects.setdefault(there[1], here[1])
                check(here[2] == self.addresses, f"{here[2]}")
            else:
                check(there == here, f"{here} comes back, not {there}")
        new.end(f"{self.title}: arguments")

    def told(self, number, code, body):
        name = self.mine.get((number, code))
        if name == "processed":
            check(body == b"", "processed() with arguments")
            return
        reader = Reader(body)
        check(code == 17, f"{self.title}: {name} is told")
        self.data += reader.take(reader.long())
        reader.end("recorded sound")


def played(said):
    """All the sound that the client sent."""
    return b"".join(one.arguments[4:] for one in said
                    if one.ours and one.kind == ONEWAY and
                    len(one.arguments) > 4)


def frames_of(samples):
    """Those that are not silent: pauses of a busy machine may be between."""
    return [pair for pair in zip(samples[::2], samples[1::2]) if any(pair)]


def main():
    # The buffer that the recorded server had, and so its times: 7 x 256.
    with on_card("--period", 256, "--periods", 7, rate=RATE) as (daemon, card):
        until("the device is known",
              lambda: daemon.log_lines("playing at 44100"))
        (title, said), = sessions("play.txt")
        peer = Replay(daemon, title or "play", said)
        peer.play()
        peer.check_asked()
        peer.close()
        sound = list(words(played(said)))
        check(len(sound) == 70000 // 2, f"{len(sound)} samples in the record")
        wanted = frames_of(sound)
        until("the sound is at the card", lambda: len(frames_of(
            words(card.played()))) >= len(wanted))
        check(frames_of(words(card.played())) == wanted,
              "the card plays something else")
        print(f"play: {len(said)} messages, {len(sound) // 2} frames exact")

        (title, said), = sessions("record.txt")
        peer = Replay(daemon, title or "record", said)
        peer.play()
        peer.check_asked()
        peer.close()
        print(f"record: {len(said)} messages, {len(peer.data)} bytes heard")

        for title, said in sessions("tools.txt"):
            peer = Replay(daemon, title, said)
            peer.play()
            peer.close()
            print(f"{title}: {len(said)} messages")
        check(daemon.process.wait(10) == 0, "terminate does not end it")
        check(not daemon.mcop.exists(), f"{daemon.mcop} is left")


if __name__ == "__main__":
    main()
