#!/usr/bin/env python3
"""aRts clients that do what none should: each costs itself its connection, the
log a line, and nobody else anything."""

import hashlib
import socket
import struct
import time

from mcop import (CLIENT_HELLO, INVOCATION, ONEWAY, RETURN, Client, Peer,
                  Reader, find, long, message, method, reference, string)

from daemon import Daemon, check, free_port, until

SERVER = 1


def closed(daemon, what, data, line, **more):
    """That many bytes of it end the connection, with one such line."""
    before = len(daemon.log_lines("warn"))
    peer = Peer(daemon, **more)
    try:
        peer.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    check(peer.is_closed(), f"{what}: not closed")
    peer.close()
    lines = daemon.log_lines("warn")[before:]
    check(len(lines) == 1 and line in lines[0], f"{what}: {lines}")
    print(f"{what}: {lines[0].split(': ', 2)[2]}")


def call(number, code, body=b""):
    return message(INVOCATION, long(number), long(code), long(7), body)


def malformed(daemon):
    compatible = 6  # the number of _isCompatibleWith, as of any method here
    closed(daemon, "a string without a NUL",
           call(SERVER, compatible, long(3) + b"abc"), "arguments missing")
    closed(daemon, "a string of 4 GB",
           call(SERVER, compatible, long(-1) + b"abc\0"), "arguments missing")
    closed(daemon, "a method with 4 G parameters",
           call(SERVER, 0, string("play") + string("long") + long(2) +
                long(-1)), "arguments missing")
    closed(daemon, "a reference with 4 G addresses",
           call(SERVER, Peer(daemon).lookup(
               SERVER, "attach", "void", "Arts::ByteSoundProducer producer"),
               string("x") + long(1) + long(-1)), "arguments missing")
    closed(daemon, "half an invocation", message(INVOCATION, b"\0\0"),
           "arguments missing")
    closed(daemon, "an empty Return", message(RETURN), "Return of nothing")
    closed(daemon, "no magic", b"GET / HTTP/1.0\r\n\r\n", "not an MCOP message")
    closed(daemon, "a message shorter than its header",
           b"MCOP" + long(11) + long(INVOCATION), "not an MCOP message")
    closed(daemon, "a message of 4 GB", b"MCOP" + long(-1) + long(ONEWAY),
           "more than 1 MiB")
    closed(daemon, "a message of no type", message(9), "not an MCOP message")
    closed(daemon, "a second hello", message(CLIENT_HELLO, string("x") * 3),
           "out of place")
    closed(daemon, "no hello", call(SERVER, 0), "no hello", auth=False)
    closed(daemon, "a long message before it",
           b"MCOP" + long(12 + 4096) + long(CLIENT_HELLO), "too long",
           auth=False)
    closed(daemon, "a hello from nobody",
           message(CLIENT_HELLO, string(""), string("noauth"), string("")),
           "malformed hello", auth=False)
    closed(daemon, "a hello without a NUL",
           message(CLIENT_HELLO, long(1) + b"x"), "malformed hello",
           auth=False)


def beside_the_point(daemon):
    """What an original client may do after a failed lookup is no fault."""
    with Peer(daemon) as peer:
        for code in (-1, 1 << 20, 0x7FFFFFFF, 16):
            check(peer.call(SERVER, code).data == b"", f"method {code}")
        for number in (0, -1, 7, 12345678):
            check(peer.call(number, 5).data == b"", f"object {number}")
            check(peer.call(number, 0, method("attach")).data == b"", "lookup")
        check(peer.lookup(SERVER, "noSuchThing") == -1, "it has no such thing")
        check(peer.lookup(SERVER, "attach", "long") == -1, "nor of this type")
        check(daemon.log_lines("warn", "nobody made") == [], "too early")
        peer.send(message(RETURN, long(4711), long(1)))
        peer.hold()
        check(len(daemon.log_lines("warn", "nobody made")) == 1,
              "a Return that nobody asked for")
        # One release too many, of either kind of object.
        peer.release()
        peer.release()
        peer.hold()
        for name, kind in (("_interfaceName", "string"),
                           ("_queryChildren", "*string"),
                           ("_getChild", "object")):
            peer.ask(SERVER, name, kind, body=string("x"))
        for name in ("Interface", "Type", "Enum"):
            peer.ask(SERVER, f"_query{name}", f"Arts::{name}Def",
                     body=string("x"))
        peer.ask(SERVER, "_set_bufferSizeMultiplier", "void", "long newValue",
                 long(-5))
        check(peer.ask(SERVER, "_get_bufferSizeMultiplier", "long").long() == 1,
              "the multiplier")
    print("unknown methods and objects, a Return for nobody, releases too many")


class Dying(Client):
    """Answers that many calls, then is gone."""

    def __init__(self, daemon, calls):
        self.left = calls
        super().__init__(daemon, id=f"dying-{calls}-1")

    def called(self, number, code, body):
        if self.left == 0:
            self.close()
            raise ConnectionAbortedError
        self.left -= 1
        return super().called(number, code, body)


def dies_inside(daemon, kind):
    calls = 0
    while True:
        client = Dying(daemon, calls)
        stream = client.play() if kind == "attach" else client.record()
        try:
            stream.attach()
        except ConnectionAbortedError:
            calls += 1
            continue
        break
    client.close()
    check(calls > 10, f"{kind} is only {calls} calls")
    print(f"{kind}: died at each of {calls} calls")


class Silent(Client):
    def __init__(self, daemon, silent):
        self.silent = silent
        super().__init__(daemon, id="silent-1-1")

    def called(self, number, code, body):
        thing = self.things.get(number)
        if code and thing and thing.methods[code] == self.silent:
            return None
        return super().called(number, code, body)


def never_answers(daemon):
    """The daemon waits for it for ever, and so does nobody else."""
    for kind, name in (("record", "createReceiver"), ("play", "connectObject"),
                       ("play", "_get_bits"), ("play", "_useRemote")):
        client = Silent(daemon, name)
        stream = client.play() if kind == "play" else client.record()
        request = client.start_call(SERVER, client.lookup(
            SERVER, stream.ATTACH, "void",
            f"{stream.INTERFACE} {stream.PARAMETER}"),
            reference(client.id, stream.number))
        stream.thing.pending += 1
        client.serve(0.2)
        check(request not in client.returns, f"{name}: attached all the same")
        check(client.ask(SERVER, "suspended", "boolean").boolean(), "deaf")
        client.close()
    print("calls that are never answered")


class Wrong(Peer):
    """Answers everything, and nothing as it should."""

    def __init__(self, daemon, answer, twice=False):
        self.answer, self.twice = answer, twice
        super().__init__(daemon, id="wrong-1-1")

    def called(self, number, code, body):
        return self.answer(self, number, code)

    def told(self, number, code, body):
        pass

    def serve_message(self):
        if not self.twice:
            super().serve_message()
            return
        kind, body = self.read_message()
        reader = Reader(body)
        if kind == RETURN:
            self.returns[reader.long()] = body[4:]
        elif kind == INVOCATION:
            number, code, request = (reader.long() for _ in range(3))
            answer = message(RETURN, long(request),
                             self.answer(self, number, code))
            self.send(answer + answer)


def wrong_answers(daemon):
    def mine(peer, number, code):
        """A reference to itself where one may be wanted."""
        return long(5) if code == 0 else reference(peer.id, number)

    answers = (lambda *_: b"", lambda *_: long(-1), lambda *_: b"\xff" * 400,
               lambda *_: b"\x07", mine,
               lambda peer, number, code: long(1) if code == 0 else
               reference(peer.server, SERVER),
               lambda peer, number, code: long(number) if code == 0 else
               reference("null", 0))
    for answer in answers:
        for twice in (False, True):
            for kind, attach in (("Producer producer", "attach"),
                                 ("Receiver receiver", "attachRecorder")):
                with Wrong(daemon, answer, twice) as peer:
                    for name in (attach, attach.replace("attach", "detach")):
                        peer.ask(SERVER, name, "void",
                                 "Arts::ByteSound" + kind,
                                 reference(peer.id, 99))
                    peer.hold()
    print(f"{len(answers)} kinds of wrong answers, once and twice")


def out_of_order(daemon):
    """Detached twice, or what was never attached; disconnected twice."""
    client = Client(daemon, id="disorder-1-1")
    stream = client.play().attach()
    other = client.play()
    client.finish_call(other.start_detach())
    for _ in range(3):
        client.finish_call(stream.start_detach())
    for _ in range(3):
        client.ask(stream.receiver, "disconnect")
    for _ in range(3):
        client.release(stream.receiver)
    check(client.call(stream.receiver, 5).data == b"", "it is still there")
    client.check_balance()
    for what in (("null", 0), (client.server, SERVER), ("stranger-1-1", 3)):
        client.ask(SERVER, "attach", "void",
                   "Arts::ByteSoundProducer producer", reference(*what))
        client.ask(SERVER, "detach", "void",
                   "Arts::ByteSoundProducer producer", reference(*what))
    client.leave()
    print("detached and disconnected twice, and never attached")


def too_much(daemon):
    peer = Peer(daemon)
    before = len(daemon.log_lines("warn"))
    flood = call(SERVER, 5) * 1000
    try:
        peer.socket.settimeout(5)
        for _ in range(200):
            peer.send(flood)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        pass
    until("it is refused", lambda: daemon.log_lines("does not read"))
    peer.close()

    client = Client(daemon, id="ahead-1-1")
    stream = client.play().attach()
    try:
        for _ in range(100):
            stream.packet(bytes(65536))
    except (BrokenPipeError, ConnectionResetError):
        pass
    until("it is refused", lambda: daemon.log_lines("more sound than"))
    client.close()
    with daemon.client() as control:  # what had come would play for a while
        check(daemon.tool("esdctl", "kill", control.player(b"demo")[0])
              .returncode == 0, "not killed")

    client = Client(daemon, id="many-1-1")
    try:
        for _ in range(100):
            client.play().attach()
    except ConnectionResetError:
        pass
    until("it is refused", lambda: daemon.log_lines("too many streams"))
    client.close()
    check(len(daemon.log_lines("warn")) == before + 3, daemon.log())
    print("answers that are not read, too much sound, too many streams")


def md5_wide(text):
    """MD5 as a 64-bit build of aRts has it: nothing is cut off in between."""
    import math
    sines = [int(abs(math.sin(i + 1)) * 2 ** 32) for i in range(64)]
    shifts = [7, 12, 17, 22] * 4 + [5, 9, 14, 20] * 4 + [4, 11, 16, 23] * 4 + \
        [6, 10, 15, 21] * 4
    mask = 2 ** 64 - 1
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    data = text + b"\x80" + bytes(55) + struct.pack("<Q", 8 * len(text))
    for block in range(0, len(data), 64):
        word = struct.unpack("<16I", data[block:block + 64])
        a, b, c, d = state
        for i in range(64):
            f, g = ((b & c) | (~b & d), i) if i < 16 else \
                ((d & b) | (~d & c), 5 * i + 1) if i < 32 else \
                (b ^ c ^ d, 3 * i + 5) if i < 48 else \
                (c ^ (b | (~d & mask)), 7 * i)
            s = (a + f + sines[i] + word[g % 16]) & mask
            a, d, c = d, c, b
            b = (b + ((s << shifts[i]) | (s >> (32 - shifts[i])))) & mask
        state = [(x + y) & mask for x, y in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *(x & 0xFFFFFFFF for x in state)).hex()


def md5(text):
    return hashlib.md5(text).hexdigest()


def strangers():
    """On TCP: by the cookie, whichever MD5 it is, or not at all."""
    port = free_port()
    where = "127.0.0.1", port
    with Daemon("null", "--arts-tcp", "--arts-port", port, "--auth-timeout",
                400) as daemon:
        def proof(digest):
            return lambda seed: digest(
                (daemon.mcop / "secret-cookie").read_bytes() + seed.encode())

        check(find(daemon)[2][1:] == [f"tcp:127.0.0.1:{port}"],
              str(find(daemon)))
        for digest in (md5, md5_wide):
            with Peer(daemon, tcp=where, data=proof(digest)) as peer:
                check(peer.offered == ["md5auth"], str(peer.offered))
                peer.hold()
        # Clients put another in its place, and it counts.
        (daemon.mcop / "secret-cookie").write_bytes(b"0123456789abcdef" * 2)
        Peer(daemon, tcp=where, data=proof(md5)).hold()
        for data, auth in ((lambda seed: "0" * 32, "md5auth"),
                           (lambda seed: "", "md5auth"),
                           (lambda seed: "", "noauth"),
                           (lambda seed: md5(seed.encode()), "md5auth")):
            try:
                Peer(daemon, tcp=where, data=data, auth=auth)
                check(False, "it came in")
            except ConnectionResetError:
                pass
        (daemon.mcop / "secret-cookie").unlink()
        try:
            Peer(daemon, tcp=where, data=lambda seed: md5(seed.encode()))
            check(False, "it came in without a cookie")
        except ConnectionResetError:
            pass
        check(len(daemon.log_lines("warn", "does not know the cookie")) == 5,
              daemon.log())
        check("noauth" in Peer(daemon).offered, "on the socket")
        # Who says nothing has the time of auth-timeout, on TCP.
        began = time.monotonic()
        with socket.create_connection(where) as silent, Peer(daemon) as slow:
            silent.settimeout(10)
            while silent.recv(4096):
                pass
            check(time.monotonic() - began < 5, "it may stay")
            slow.hold()
    print("strangers: either MD5 of the cookie as it is now, else refused")


def arts_server():
    """ARTS_SERVER=host:port: no directory, and no cookie yet."""
    port = free_port()
    with Daemon("null", "--arts-tcp", "--arts-port", port,
                "--promiscuous") as daemon:
        with Peer(daemon, tcp=("127.0.0.1", port)) as peer:
            hint = peer.hints["GlobalComm"]
            comm = Reader(bytes.fromhex(hint[12:])).reference()[1]
            peer.hold(comm, "Arts::GlobalComm")

            def ask(name, *words):
                return peer.ask(comm, name, "boolean" if name == "put" else
                                "string", "string variable", b"".join(
                                    map(string, words)))

            check(not ask("put", "secret-cookie", "x" * 32).boolean(), "put")
            check(len(ask("get", "secret-cookie").string()) == 32, "cookie")
            check(ask("get", "nothing").string() == "", "unknown variable")
            text = ask("get", "Arts_SoundServer").string()
            server, number, _ = Reader(bytes.fromhex(text[12:])).reference()
            check(server == peer.server, "another server")
            peer.hold(number, "Arts::SoundServer")
            peer.release(number)
            peer.release(comm)
    print("ARTS_SERVER: found through GlobalComm")


def survives(*attacks):
    """The daemon is as before after these: a few, for its log is limited."""
    with Daemon("null") as daemon:
        Client(daemon).leave()
        with daemon.client() as esd:
            until("it is alone", lambda: len(esd.all_info()) == 0)
        descriptors, memory = daemon.descriptors(), daemon.memory()
        for attack in attacks:
            attack(daemon)
        daemon.wait_silent()
        until("all descriptors are closed",
              lambda: daemon.descriptors() <= descriptors, 30)
        grown = daemon.memory() - memory
        check(grown < 32 << 20, f"memory grew by {grown >> 10} KiB")
        client = Client(daemon)
        stream = client.play()
        stream.close(stream.write(bytes(100000)))
        client.leave()


def main():
    survives(malformed, beside_the_point)
    survives(out_of_order, lambda daemon: dies_inside(daemon, "attach"),
             lambda daemon: dies_inside(daemon, "attachRecorder"))
    survives(never_answers, wrong_answers)
    survives(too_much)
    strangers()
    arts_server()


if __name__ == "__main__":
    main()
