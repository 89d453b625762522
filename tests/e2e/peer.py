"""A server by hand, for tests of the tools: it notes each request as bytes and
does what the test says.  It is as terse as the old servers were."""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

from daemon import BUILD, KEY, MARKER

BODIES = {3: 136, 4: 136, 5: 136, 6: 140, 7: 4, 8: 4, 9: 4, 10: 4, 14: 128,
          15: 136, 16: 4, 17: 4, 20: 12, 23: 0}
STREAMS = (3, 4, 5, 15)


def pack(*values):
    return struct.pack(f"={len(values)}i", *values)


class Peer:
    """
    stream   called with (socket, opcode) for a stream, in a thread of its own;
             the connection is closed when it returns
    ids      what SAMPLE_CACHE answers: first and second
    samples  name (bytes): id, for SAMPLE_GETID
    """

    def __init__(self, stream=None, ids=(1, 1), samples=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="esdmixd-peer-"))
        self.socket = self.dir / "socket"
        cookie = self.dir / ".esd_auth"
        cookie.write_bytes(KEY)
        cookie.chmod(0o600)
        self.env = dict(os.environ, HOME=str(self.dir), TERM="xterm")
        self.env.pop("ESPEAKER", None)
        self.stream = stream
        self.ids = ids
        self.samples = samples or {}
        self.requests = []  # (opcode, body)
        self.data = b""  # of the last sample
        self.players = {}  # id: name, 128 bytes
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.socket))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.dir)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    @staticmethod
    def read(connection, size):
        data = b""
        while len(data) < size:
            piece = connection.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def serve(self, connection):
        try:
            with connection:
                hands = self.read(connection, 20)
                assert hands == KEY + struct.pack("=I", MARKER), hands
                connection.sendall(pack(1))
                while self.answer(connection):
                    pass
        except (EOFError, ConnectionError):
            pass

    def answer(self, connection):
        """False: the connection is over."""
        opcode, = struct.unpack("=i", self.read(connection, 4))
        body = self.read(connection, BODIES[opcode])
        self.requests.append((opcode, body))
        if opcode in STREAMS:
            self.play(connection, opcode, body)
            return False
        if opcode == 6:
            length, = struct.unpack_from("=i", body, 8)
            connection.sendall(pack(self.ids[0]))
            self.data = self.read(connection, length)
            connection.sendall(pack(self.ids[1]))
        elif opcode in (7, 8, 9, 10):
            connection.sendall(body)
        elif opcode == 14:
            name = body.split(b"\0")[0]
            connection.sendall(pack(self.samples.get(name, -1)))
        elif opcode == 16:
            connection.sendall(pack(0, 44100, 0x21))
        elif opcode == 17:
            connection.sendall(pack(0, 44100, 0x21) + b"".join(
                pack(id) + name + pack(44100, 256, 256, 0x1021)
                for id, name in self.players.items()) +
                # Old servers leave something in the last record.
                pack(0) + bytes(128) + pack(0, 256, 256, 0) + bytes(152))
        elif opcode == 20:
            connection.sendall(pack(1))
        elif opcode == 23:
            connection.sendall(pack(4160))
        return True

    def play(self, connection, opcode, body):
        id = connection.fileno()
        if opcode == 3:
            self.players[id] = body[8:]
        try:
            if self.stream:
                self.stream(connection, opcode)
        finally:
            self.players.pop(id, None)

    def asked(self, opcode):
        """The bodies of those requests."""
        return [body for number, body in self.requests if number == opcode]

    def command(self, name, *arguments):
        return [str(BUILD / name), "-s", f"unix:{self.socket}",
                *map(str, arguments)]

    def tool(self, name, *arguments, **more):
        return subprocess.run(self.command(name, *arguments), env=self.env,
                              capture_output=True, timeout=30, **more)

    def start(self, name, *arguments, **more):
        return subprocess.Popen(self.command(name, *arguments), env=self.env,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **more)
