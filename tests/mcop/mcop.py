"""aRts clients by hand, in plain bytes: nothing here uses the daemon's tables.

A peer waits for the answer to a request and answers what it is asked meanwhile,
as the original library does; so calls nest.
"""

import os
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from daemon import PATIENCE, check, fail, until  # noqa: E402

SERVER_HELLO, CLIENT_HELLO, AUTH_ACCEPT, INVOCATION, RETURN, ONEWAY = \
    range(1, 7)
PREFIX = "MCOP-Object:"


def long(value):
    return struct.pack(">I", value & 0xFFFFFFFF)


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return long(len(data) + 1) + data + b"\0"


def sequence(items):
    return long(len(items)) + b"".join(items)


def reference(server, number, addresses=()):
    return string(server) + long(number) + sequence(
        [string(address) for address in addresses])


def message(kind, *parts):
    body = b"".join(parts)
    return b"MCOP" + long(12 + len(body)) + long(kind) + body


def method(name, result="void", parameters="", oneway=False):
    """A method's description; parameters are "type name, type name"."""
    pairs = [pair.split() for pair in parameters.split(",") if pair.strip()]
    return (string(name) + string(result) + long(1 if oneway else 2) +
            sequence([string(kind) + string(word) + long(0)
                      for kind, word in pairs]) + long(0))


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        check(self.at + count <= len(self.data), "a message ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def long(self):
        return struct.unpack(">i", self.take(4))[0]

    def float(self):
        return struct.unpack(">f", self.take(4))[0]

    def boolean(self):
        value = self.take(1)[0]
        check(value in (0, 1), f"a boolean of {value}, which ends a client")
        return value == 1

    def string(self):
        data = self.take(self.long())
        check(data.endswith(b"\0"), f"a string without its NUL: {data}")
        return data[:-1].decode()

    def reference(self):
        """(server, number, addresses)"""
        server, number = self.string(), self.long()
        return server, number, [self.string() for _ in range(self.long())]

    def method(self):
        """(name, result, flags, parameters)"""
        name, result, flags = self.string(), self.string(), self.long()
        parameters = []
        for _ in range(self.long()):
            parameters.append((self.string(), self.string()))
            check(self.long() == 0, f"hints at a parameter of {name}")
        check(self.long() == 0, f"hints at {name}")
        return name, result, flags, parameters

    def end(self, what):
        """A client checks that nothing is left over, and ends if so."""
        check(self.at == len(self.data),
              f"{what}: {len(self.data) - self.at} bytes too many")


def parse_reference(text):
    check(text.startswith(PREFIX), f"not a reference: {text!r}")
    reader = Reader(bytes.fromhex(text[len(PREFIX):]))
    result = reader.reference()
    reader.end(text)
    return result


def find(daemon, name="Arts_SoundServer", directory=None):
    """The reference that a client finds in its directory."""
    path = (directory or daemon.mcop) / name
    until(f"{path} is there", path.exists)
    text = path.read_text()
    check(not text.endswith("\n"), f"{path} ends with a newline")
    check(path.stat().st_mode & 0o777 == 0o600, f"{path}: mode")
    return parse_reference(text)


class Peer:
    """A connection, its handshake and its calls, but no objects.

    id      what it calls itself
    auth    the method it prefers
    data    what proves it; called with the seed
    """

    def __init__(self, daemon, name="Arts_SoundServer", id="test-1-1",
                 auth=None, data=lambda seed: "", directory=None, tcp=None):
        self.id = id
        self.server, self.number, self.addresses = find(daemon, name,
                                                        directory)
        self.methods = {}  # (object, name, result): number
        self.request = 31
        self.box = b""
        self.returns = {}  # request: body
        self.closed = False
        self.connect(tcp)
        if auth is not False:
            self.shake_hands(auth, data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def connect(self, tcp):
        if tcp:
            self.socket = socket.create_connection(tcp, PATIENCE)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(self.addresses[0].removeprefix("unix:"))
        kind, body = self.read_message()
        check(kind == SERVER_HELLO, f"the first message is a {kind}")
        hello = Reader(body)
        self.version = hello.string()
        said = hello.string()
        check(said == self.server, f"{said} answers, not {self.server}")
        self.offered = [hello.string() for _ in range(hello.long())]
        self.seed = hello.string()
        hello.end("ServerHello")

    def shake_hands(self, auth, data):
        if auth is None:
            auth = "noauth" if "noauth" in self.offered else "md5auth"
        self.send(message(CLIENT_HELLO, string(self.id), string(auth),
                          string(data(self.seed))))
        kind, body = self.read_message()
        check(kind == AUTH_ACCEPT, f"a {kind} instead of AuthAccept")
        hints = Reader(body)
        self.hints = dict(hints.string().split("=", 1)
                          for _ in range(hints.long()))
        hints.end("AuthAccept")

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            self.closed = True
            raise ConnectionResetError("the daemon closed")
        self.box += piece

    def read_message(self):
        while len(self.box) < 12:
            self.fill()
        check(self.box[:4] == b"MCOP", f"no magic: {self.box[:12].hex()}")
        length, kind = struct.unpack(">II", self.box[4:12])
        while len(self.box) < length:
            self.fill()
        body, self.box = self.box[12:length], self.box[length:]
        return kind, body

    def serve_message(self):
        """Takes one message, whatever it is."""
        kind, body = self.read_message()
        reader = Reader(body)
        if kind == RETURN:
            request = reader.long()
            check(request not in self.returns, f"{request}: returned twice")
            self.returns[request] = body[4:]
        elif kind == INVOCATION:
            number, code, request = (reader.long() for _ in range(3))
            answer = self.called(number, code, body[12:])
            if answer is not None:
                self.send(message(RETURN, long(request), answer))
        elif kind == ONEWAY:
            self.told(reader.long(), reader.long(), body[8:])
        else:
            fail(f"a message of type {kind}")

    def is_waiting(self, timeout=0):
        """Whether a message has come, or part of one."""
        return bool(self.box) or bool(
            select.select([self.socket], [], [], timeout)[0])

    def serve(self, seconds=0.0, done=lambda: False):
        """Answers what comes, until that holds or so long."""
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0 or not self.is_waiting(left):
                break
            self.serve_message()
        return done()

    def called(self, number, code, body):
        """The daemon calls an object here: the answer's body, or None."""
        fail(f"object {number} is called, method {code}")

    def told(self, number, code, body):
        fail(f"object {number} is told, method {code}")

    def start_call(self, number, code, body=b""):
        """Sends a request; its number."""
        self.request += 1
        self.send(message(INVOCATION, long(number), long(code),
                          long(self.request), body))
        return self.request

    def finish_call(self, request):
        while request not in self.returns:
            self.serve_message()
        return Reader(self.returns.pop(request))

    def call(self, number, code, body=b""):
        return self.finish_call(self.start_call(number, code, body))

    def lookup(self, number, name, result="void", parameters="",
               oneway=False):
        """The number of a method; -1: there is none."""
        key = number, name, result
        if key not in self.methods:
            answer = self.call(number, 0,
                               method(name, result, parameters, oneway))
            self.methods[key] = answer.long()
            answer.end(name)
        return self.methods[key]

    def ask(self, number, name, result="void", parameters="", body=b""):
        """Looks a method up and calls it."""
        code = self.lookup(number, name, result, parameters)
        check(code >= 0, f"object {number} has no {result} {name}")
        return self.call(number, code, body)

    def is_compatible(self, number, interface):
        return self.ask(number, "_isCompatibleWith", "boolean",
                        "string interfacename", string(interface)).boolean()

    def hold(self, number=None, interface=None):
        """What a client does with a reference from a file."""
        number = self.number if number is None else number
        self.ask(number, "_copyRemote")
        self.use(number, interface)

    def use(self, number, interface=None):
        self.ask(number, "_useRemote")
        if interface:
            check(self.is_compatible(number, interface),
                  f"object {number} is no {interface}")

    def release(self, number=None):
        self.ask(self.number if number is None else number, "_releaseRemote")

    def is_closed(self):
        """Waits for the daemon to close."""
        try:
            while True:
                self.serve_message()
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


# What objects of every generation have, in the original's order.
BASE = ["_lookupMethod", "_interfaceName", "_queryInterface", "_queryType",
        "_queryEnum", "_toString", "_isCompatibleWith", "_copyRemote",
        "_useRemote", "_releaseRemote", "_addChild", "_removeChild",
        "_getChild", "_queryChildren", "_get__flowSystem"]


class Thing:
    """An object of a client, and the references to it."""

    def __init__(self, name, own, interfaces):
        self.name = name
        self.methods = BASE + own
        self.interfaces = interfaces
        self.pending = 0  # references that travel
        self.held = 0     # that the daemon uses
        self.dead = False


class Client(Peer):
    """libartsc, of that generation: objects as it has them, references
    counted, and the daemon's every mistake that would end a client found.

    generation   "2.0", "2.1", "2.2", "0.7.0"
    """

    SERVER = {"2.0": "Arts_SimpleSoundServer"}

    def __init__(self, daemon, generation="0.7.0", **more):
        self.generation = generation
        self.things = {}   # number: Thing
        self.streams = {}  # number of a producer or receiver: stream
        self.flow = 30
        self.next = 27
        self.things[self.flow] = Thing(
            "flow", ["startObject", "stopObject", "connectObject",
                     "disconnectObject", "queryFlags", "setFloatValue",
                     "createReceiver"], ["Arts::FlowSystem"])
        name = self.SERVER.get(generation, "Arts_SoundServer")
        super().__init__(daemon, name, **more)
        self.hold(interface=name.replace("_", "::"))

    def leave(self):
        self.release()
        self.close()

    def add(self, thing):
        number, self.next = self.next, self.next + 1
        if number == self.flow:
            number, self.next = self.next, self.next + 1
        self.things[number] = thing
        return number

    # what the daemon may call

    def called(self, number, code, body):
        thing = self.things.get(number)
        check(thing, f"the daemon calls object {number}, which is not there")
        if code == 0:
            wanted = Reader(body)
            name = wanted.method()[0]
            wanted.end("_lookupMethod")
            return long(thing.methods.index(name)
                        if name in thing.methods else -1)
        check(0 < code < len(thing.methods), f"{thing.name}: method {code}")
        reader = Reader(body)
        answer = getattr(self, "on" + thing.methods[code])(
            number, thing, reader) if code < len(BASE) else getattr(
            self, f"on_{thing.methods[code].lstrip('_')}")(
            number, thing, reader)
        reader.end(thing.methods[code])
        return b"" if answer is None else answer

    def on_useRemote(self, number, thing, reader):
        check(thing.pending > 0, f"{thing.name}: used without a reference")
        thing.pending -= 1
        thing.held += 1

    def on_copyRemote(self, number, thing, reader):
        thing.pending += 1

    def on_releaseRemote(self, number, thing, reader):
        check(thing.held > 0, f"{thing.name}: one release too many")
        thing.held -= 1

    def on_isCompatibleWith(self, number, thing, reader):
        return bytes([reader.string() in thing.interfaces])

    def on_toString(self, number, thing, reader):
        return string(PREFIX + reference(self.id, number).hex())

    def on_get__flowSystem(self, number, thing, reader):
        self.things[self.flow].pending += 1
        return reference(self.id, self.flow)

    def on_get_samplingRate(self, number, thing, reader):
        return long(self.streams[number].rate)

    def on_get_channels(self, number, thing, reader):
        return long(self.streams[number].channels)

    def on_get_bits(self, number, thing, reader):
        return long(self.streams[number].bits)

    def on_get_title(self, number, thing, reader):
        return string(self.streams[number].title)

    def own(self, what):
        """A reference that has come back: one fewer travels."""
        server, number, addresses = what
        check(server == self.id and not addresses, f"not ours: {what}")
        thing = self.things[number]
        check(thing.pending > 0, f"{thing.name} was not announced")
        thing.pending -= 1
        return number

    def on_connectObject(self, number, thing, reader):
        """The source's side: a sender here, a receiver there."""
        stream = self.streams[self.own(reader.reference())]
        check(reader.string() == "outdata", "no such port")
        server, sink, _ = reader.reference()
        check(reader.string() == "indata", "no such port there")
        check(server == self.server, f"{server} is somebody else")
        self.use(sink)
        text = self.ask(sink, "_toString", "string").string()
        check(parse_reference(text)[:2] == (server, sink), text)
        _, flow, _ = self.ask(sink, "_get__flowSystem",
                              "Arts::FlowSystem").reference()
        self.use(flow, "Arts::FlowSystem")
        sender = Thing("sender", ["processed", "disconnect"],
                       ["Arts::FlowSystemSender"])
        sender.pending = 1
        stream.sender = self.add(sender)
        self.ask(sink, "_copyRemote")
        _, stream.receiver, _ = self.ask(
            flow, "createReceiver", "Arts::FlowSystemReceiver",
            "object destObject, string destPort, "
            "Arts::FlowSystemSender sender",
            reference(server, sink) + string("indata") +
            reference(self.id, stream.sender)).reference()
        check(sender.held == 1, "the sender is not used: it would vanish")
        self.use(stream.receiver, "Arts::FlowSystemReceiver")
        stream.handler = self.ask(stream.receiver, "_get_receiveHandlerID",
                                  "long").long()
        self.release(flow)
        self.release(sink)
        stream.connected = True

    def on_createReceiver(self, number, thing, reader):
        """The destination's side: a receiver here, a sender there."""
        stream = self.streams[self.own(reader.reference())]
        check(reader.string() == "indata", "no such port")
        server, stream.sender, _ = reader.reference()
        check(server == self.server, f"{server} is somebody else")
        self.use(stream.sender, "Arts::FlowSystemSender")
        receiver = Thing("receiver", ["disconnect", "_get_receiveHandlerID"],
                         ["Arts::FlowSystemReceiver"])
        receiver.pending = 1
        stream.receiver = self.add(receiver)
        stream.connected = True
        return reference(self.id, stream.receiver)

    def on_get_receiveHandlerID(self, number, thing, reader):
        return long(17)

    def on_disconnect(self, number, thing, reader):
        thing.dead = True

    def told(self, number, code, body):
        thing = self.things[number]
        check(not thing.dead, f"{thing.name}: told after its disconnect")
        stream = next(stream for stream in self.streams.values()
                      if number in (stream.sender, stream.receiver))
        if thing.name == "sender":
            check(thing.methods[code] == "processed" and not body,
                  f"the sender is told {code}")
            stream.outstanding.pop(0)
            stream.processed.append(time.monotonic_ns())
        else:
            check(code == 17, f"the receiver is told {code}")
            reader = Reader(body)
            stream.heard += reader.take(reader.long())
            reader.end("recorded sound")
            stream.unacknowledged += 1

    def check_balance(self):
        """Nothing of a stream that was closed is left."""
        for thing in self.things.values():
            check(not thing.dead or thing.pending == 0 and thing.held == 0,
                  f"{thing.name}: {thing.pending} references travel, "
                  f"{thing.held} are held")

    def play(self, rate=44100, bits=16, channels=2, title="demo"):
        return Play(self, rate, bits, channels, title)

    def record(self, rate=44100, bits=16, channels=2, title="demo"):
        return Record(self, rate, bits, channels, title)


class Stream:
    KIND = ATTACH = DETACH = INTERFACE = PARAMETER = None

    def __init__(self, client, rate, bits, channels, title):
        self.client = client
        self.rate, self.bits, self.channels = rate, bits, channels
        self.title = title
        self.sender = self.receiver = None
        self.connected = False
        self.outstanding = []  # sizes of packets not yet processed
        self.processed = []    # when each was
        self.heard = b""
        self.unacknowledged = 0
        self.thing = Thing(self.KIND, ["_get_samplingRate", "_get_channels",
                                       "_get_bits"], [self.INTERFACE])
        if client.generation == "0.7.0":
            self.thing.methods.append("_get_title")
            self.thing.interfaces.append(self.INTERFACE + "V2")
        self.number = client.add(self.thing)
        client.streams[self.number] = self

    def attach(self):
        self.thing.pending += 1
        self.client.ask(self.client.number, self.ATTACH, "void",
                        f"{self.INTERFACE} {self.PARAMETER}",
                        reference(self.client.id, self.number))
        check(self.connected, f"{self.ATTACH} returned before it connected")
        return self

    def start_detach(self):
        client = self.client
        code = client.lookup(client.number, self.DETACH, "void",
                             f"{self.INTERFACE} {self.PARAMETER}")
        self.thing.pending += 1
        return client.start_call(client.number, code,
                                 reference(client.id, self.number))


class Play(Stream):
    KIND, ATTACH, DETACH = "producer", "attach", "detach"
    INTERFACE, PARAMETER = "Arts::ByteSoundProducer", "producer"

    def packet(self, data):
        self.outstanding.append(len(data))
        self.client.send(message(ONEWAY, long(self.receiver),
                                 long(self.handler), long(len(data)), data))

    def write(self, data, size=16384, count=4):
        """As arts_write() and arts_close_stream() do it: the last packet
        remains, for close()."""
        if not self.connected:
            self.attach()
        at = 0
        while len(data) - at > size:
            self.packet(data[at:at + size])
            at += size
            while len(self.outstanding) >= count:
                self.client.serve_message()
        return data[at:]

    def close(self, rest=b""):
        """The last packet right after the request, as from the second
        stream of a connection on."""
        client = self.client
        if client.generation == "2.0" and rest:
            rest = rest.ljust(16384, b"\0")
        request = self.start_detach()
        if rest:
            self.packet(rest)
        client.finish_call(request)
        self.thing.dead = True
        check(self.thing.held == 0 and self.thing.pending == 0,
              "the producer stays: nobody would disconnect")
        client.ask(self.receiver, "disconnect")
        client.release(self.receiver)
        check(client.things[self.sender].dead, "the sender is not told")
        client.check_balance()


class Record(Stream):
    KIND, ATTACH, DETACH = "receiver", "attachRecorder", "detachRecorder"
    INTERFACE, PARAMETER = "Arts::ByteSoundReceiver", "receiver"

    def acknowledge(self):
        client = self.client
        code = client.lookup(self.sender, "processed", oneway=True)
        for _ in range(self.unacknowledged):
            client.send(message(ONEWAY, long(self.sender), long(code)))
        self.unacknowledged = 0

    def read(self, size):
        if not self.connected:
            self.attach()
        while len(self.heard) < size:
            self.client.serve_message()
            self.acknowledge()
        data, self.heard = self.heard[:size], self.heard[size:]
        return data

    def close(self):
        client = self.client
        self.acknowledge()
        client.finish_call(self.start_detach())
        self.thing.dead = True
        client.ask(self.sender, "disconnect")
        client.release(self.sender)
        client.check_balance()
