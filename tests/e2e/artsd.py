"""A sound server as the genuine artsd is one, by hand: it lets in who knows its
cookie, numbers its methods anew for each object, and counts the references
that are held.  No sound.  Written from the protocol's facts; it shares nothing
with the daemon or the tools.

    with Artsd(home) as artsd:
        subprocess.run([...], env=artsd.env)

old   of KDE 2.1: what came later is not there
wide  built for a 64-bit machine: hangs up on the MD5 that everybody else has
open  lets in whom it has never seen, as with -u
port  of TCP too; 0: none
"""

import hashlib
import os
import pathlib
import shutil
import socket
import struct
import threading

COOKIE = "53ae669d1115e1eb517b99f029804c63"
SEED = "a517e97dbba4f02eed593b6ec02a6d17"
WIDE = "b4d2622ff5fcd0de868356a150cedfec"
ID = "vm-296a-6b0341f8"
SERVER, VOLUME, STACK, EFFECT, COMM = 28, 40, 41, 42, 29
KIND = {SERVER: ("Object", "PlayObjectFactory", "SimpleSoundServer",
                 "SoundServer", "SoundServerV2"),
        VOLUME: ("Object", "StereoEffect", "StereoVolumeControl"),
        EFFECT: ("Object", "SynthModule", "StereoEffect"),
        STACK: ("Object", "StereoEffect", "StereoEffectStack"),
        COMM: ("Object", "GlobalComm")}
NEW = {"_get_autoSuspendSeconds", "_set_autoSuspendSeconds",
       "_get_bufferSizeMultiplier", "_set_bufferSizeMultiplier",
       "_get_audioMethod", "_get_samplingRate", "_get_channels", "_get_bits",
       "_get_fullDuplex", "_get_audioDevice", "_get_fragments",
       "_get_fragmentSize", "_get_outVolume"}


def long(value):
    return struct.pack(">i", value)


def text(value):
    return long(len(value) + 1) + value.encode() + b"\0"


def texts(*values):
    return long(len(values)) + b"".join(map(text, values))


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        assert size <= len(self.data), "bytes are missing"
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def long(self):
        return struct.unpack(">i", self.take(4))[0]

    def float(self):
        return struct.unpack(">f", self.take(4))[0]

    def text(self):
        return self.take(self.long())[:-1].decode()

    def reference(self):
        server, number = self.text(), self.long()
        for _ in range(self.long()):
            self.text()
        return server, number


class Artsd:
    def __init__(self, home, old=False, wide=False, open=False, tcp=False):
        name = f"artsd {os.getpid()}"
        self.dir = pathlib.Path("/tmp/mcop-" + name.replace(" ", "=20"))
        self.dir.mkdir(mode=0o700)
        self.old, self.wide, self.open = old, wide, open
        self.env = dict(os.environ, HOME=str(home), LOGNAME=name,
                        KDEHOME=str(home), KDEROOTHOME=str(home))
        self.env.pop("ARTS_SERVER", None)
        self.methods = []  # (object, name), by number
        self.pending, self.held = {}, {}  # references, by object
        self.called = []  # names, but those every object has
        self.volume, self.idle = 1.0, -2
        self.settings = {}
        self.path = self.dir / ID
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        if tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            port = self.listener.getsockname()[1]
            self.env["ARTS_SERVER"] = f"127.0.0.1:{port}"
        self.listener.listen()
        for name in ("Arts_SoundServer", "Arts_SimpleSoundServer"):
            (self.dir / name).write_text(self.stringified(SERVER))
        (self.dir / "secret-cookie").write_text(COOKIE)
        self.faults = []
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.dir)
        assert not self.faults, self.faults

    def balanced(self):
        """Nobody holds anything any more, and nothing is on its way."""
        return not any(self.pending.values()) and not any(self.held.values())

    def reference(self, number):
        return text(ID) + long(number) + texts(f"unix:{self.path}")

    def stringified(self, number):
        return "MCOP-Object:" + self.reference(number).hex()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.serve(connection)
                except (EOFError, ConnectionError):
                    pass
                except Exception as error:  # told by __exit__()
                    self.faults.append(repr(error))

    @staticmethod
    def read(connection):
        """Type and body of a message."""
        data = b""
        size = 12
        while len(data) < size:
            piece = connection.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
            if len(data) == 12:
                magic, size, kind = struct.unpack(">4sii", data)
                assert magic == b"MCOP", magic
        return kind, Reader(data[12:])

    @staticmethod
    def send(connection, kind, body):
        connection.sendall(struct.pack(">4sii", b"MCOP", 12 + len(body),
                                       kind) + body)

    def serve(self, connection):
        known = ("md5auth", "noauth") if self.open else ("md5auth",)
        self.send(connection, 1, text("aRts/MCOP-1.0.0") + text(ID) +
                  texts(*known) + text(SEED))
        kind, body = self.read(connection)
        assert kind == 2 and body.text(), "no ClientHello"
        proof = WIDE if self.wide else \
            hashlib.md5((COOKIE + SEED).encode()).hexdigest()
        if (body.text(), body.text()) != (("noauth", "") if self.open else
                                          ("md5auth", proof)):
            return
        self.send(connection, 3, texts("GlobalComm=" + self.stringified(COMM),
                                       "InterfaceRepo=nothing"))
        while True:
            kind, body = self.read(connection)
            assert kind == 4, f"message of type {kind}"
            number, method, request = body.long(), body.long(), body.long()
            assert number in KIND, f"object {number}"
            result = self.lookup(number, body) if method == 0 else \
                self.call(number, method, body)
            self.send(connection, 5, long(request) + result)

    def lookup(self, number, body):
        name = body.text()
        if self.old and name in NEW:
            return long(-1)
        self.methods.append((number, name))
        return long(len(self.methods) + 6)

    def call(self, number, method, body):
        owner, name = self.methods[method - 7]
        assert owner == number, f"{name} was looked up on another object"
        if name == "_isCompatibleWith":
            wanted = body.text()
            kind = KIND[number]
            if self.old:
                kind = [one for one in kind if one != "SoundServerV2"]
            return bytes([wanted in [f"Arts::{one}" for one in kind]])
        held, pending = self.held, self.pending
        if name == "_copyRemote":
            pending[number] = pending.get(number, 0) + 1
        elif name == "_useRemote":
            assert pending.get(number, 0) > 0, f"{number} is not on its way"
            pending[number] -= 1
            held[number] = held.get(number, 0) + 1
        elif name == "_releaseRemote":
            assert held.get(number, 0) > 0, f"{number} is released twice"
            held[number] -= 1
        else:
            assert held.get(number, 0) > 0, f"{name} of what is not held"
            self.called.append(name)
            result = self.answer(name, body)
            assert not body.data, f"{name} has {len(body.data)} bytes too many"
            return result
        return b""

    def give(self, number):
        self.pending[number] = self.pending.get(number, 0) + 1
        return self.reference(number)

    def answer(self, name, body):
        numbers = {"_get_realtimeStatus": 2, "_get_secondsUntilSuspend":
                   self.idle, "_get_bufferSizeMultiplier": 5,
                   "_get_autoSuspendSeconds": 60, "_get_samplingRate": 44100,
                   "_get_channels": 2, "_get_bits": 16, "_get_fragments": 7,
                   "_get_fragmentSize": 1024}
        if name in numbers:
            return long(numbers[name])
        if name in ("_get_serverBufferTime", "_get_minStreamBufferTime"):
            return struct.pack(">f", 40.6349)
        if name == "_get_fullDuplex":
            return b"\0"
        if name in ("_get_audioMethod", "_get_audioDevice"):
            return text("oss" if "Method" in name else "/dev/dsp")
        if name in ("suspend", "terminate"):
            return b"\1"
        if name == "play":
            self.settings[name] = body.text()
            return long("missing" not in self.settings[name])
        if name.startswith("_set_") and name != "_set_scaleFactor":
            self.settings[name] = body.long()
            return b""
        return self.answer_objects(name, body)

    def answer_objects(self, name, body):
        if name == "_get_outVolume":
            return self.give(VOLUME)
        if name == "_get_scaleFactor":
            return struct.pack(">f", self.volume)
        if name == "_set_scaleFactor":
            self.volume = body.float()
        elif name == "createObject":
            return self.give(EFFECT) if body.text() == "Arts::Synth_FREEVERB" \
                else text("null") + long(0) + long(0)
        elif name == "_get_outstack":
            return self.give(STACK)
        elif name in ("insertTop", "insertBottom"):
            assert body.reference() == (ID, EFFECT), "another effect"
            assert self.pending[EFFECT] > 0, "the effect is not on its way"
            self.pending[EFFECT] -= 1
            self.settings[name] = body.text()
            return long(3)
        elif name == "remove":
            self.settings[name] = body.long()
        elif name == "get":
            return text(self.stringified(SERVER) if body.text() ==
                        "Arts_SoundServer" else "")
        return b""
