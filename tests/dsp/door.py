"""A program of the dsp server's, by hand: starts a server as the preload
library does, and speaks compat-tools/dsp/door.h to it.  A device's descriptor
is used as a program would: os.write(), os.read(), select(), mmap."""

import array
import json
import mmap
import os
import secrets
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

from daemon import BUILD, PATIENCE, check, fail  # noqa: E402

MAGIC = 0x31505344
OPEN, IOCTL, MAP, READING = range(4)
DSP, DSPW, AUDIO, MIXER = range(4)
READ, WRITE = 1, 2
MARK = 3

U8, S16_LE, S16_BE, S8, U16_LE, U16_BE = 8, 0x10, 0x20, 0x40, 0x80, 0x100
MU_LAW, A_LAW = 1, 2
S32_LE, S32_BE, FLOAT, S24_LE, S24_BE, S24_PACKED = (
    0x1000, 0x2000, 0x4000, 0x8000, 0x10000, 0x40000)


def request(kind, number, direction, size):
    """An ioctl's number: direction of "", "r", "w" or "rw"."""
    bits = 2 * ("r" in direction) | ("w" in direction)
    return bits << 30 | size << 16 | ord(kind) << 8 | number


RESET = request("P", 0, "", 0)
SYNC = request("P", 1, "", 0)
SPEED = request("P", 2, "rw", 4)
STEREO = request("P", 3, "rw", 4)
GETBLKSIZE = request("P", 4, "rw", 4)
SETFMT = request("P", 5, "rw", 4)
CHANNELS = request("P", 6, "rw", 4)
POST = request("P", 8, "", 0)
SUBDIVIDE = request("P", 9, "rw", 4)
SETFRAGMENT = request("P", 10, "rw", 4)
GETFMTS = request("P", 11, "r", 4)
GETOSPACE = request("P", 12, "r", 16)
GETISPACE = request("P", 13, "r", 16)
NONBLOCK = request("P", 14, "", 0)
GETCAPS = request("P", 15, "r", 4)
GETTRIGGER = request("P", 16, "r", 4)
SETTRIGGER = request("P", 16, "w", 4)
GETIPTR = request("P", 17, "r", 12)
GETOPTR = request("P", 18, "r", 12)
GETODELAY = request("P", 23, "r", 4)
GETPLAYVOL = request("P", 24, "r", 4)
SETPLAYVOL = request("P", 24, "rw", 4)
GETERROR = request("P", 25, "r", 104)
SKIP = request("P", 32, "", 0)
CURRENT_OPTR = request("P", 36, "r", 144)
READ_VOLUME = request("M", 0, "r", 4)
WRITE_VOLUME = request("M", 0, "rw", 4)
READ_PCM = request("M", 4, "r", 4)
WRITE_PCM = request("M", 4, "rw", 4)


class Refused(OSError):
    """What a program would find in errno."""

    def __init__(self, result):
        super().__init__(-result, os.strerror(-result))


def check_answer(connection):
    data = connection.recv(8, socket.MSG_WAITALL)
    check(len(data) == 8, f"an answer of {len(data)} bytes")
    result, size = struct.unpack("=iI", data)
    if result < 0:
        check(size == 0, "a failure with data")
        raise Refused(result)
    return size


class Server:
    """One process of it, with the environment of a daemon's programs."""

    def __init__(self, env, where=None, verbose=False, cwd=None,
                 program="esddsp-server"):
        self.name = b"\0esddsp-" + secrets.token_hex(8).encode()
        self.env = dict(env)
        if where is not None:
            self.env["ESPEAKER"] = f"unix:{where}"
        if verbose:
            self.env["ESDDSP_VERBOSE"] = "1"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.name)
        listener.listen(16)

        def place():
            if listener.fileno() == 3:
                os.set_inheritable(3, True)
            else:
                os.dup2(listener.fileno(), 3)

        self.process = subprocess.Popen(
            [str(BUILD / program)], env=self.env, cwd=cwd,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=None if verbose or "ASAN_OPTIONS" in env else
            subprocess.DEVNULL, close_fds=False, preexec_fn=place)
        listener.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
            self.process.wait()
        else:
            status = self.ended()
            check(status == 0, f"the server ended with {status}")

    def connect(self, bind=True):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        if bind:
            connection.bind("")  # autobind
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection.connect(self.name)
                return connection
            except BlockingIOError:  # a full backlog
                check(time.monotonic() < end, "nobody is let in")
                time.sleep(0.001)

    def open(self, access=WRITE, device=DSP, name=b"test"):
        return Device(self, access, device, name)

    def ended(self):
        """Waits for it to end by itself; its status."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            fail("the server does not end")


class Device:
    """What a program holds: fd, and the calls on it."""

    def __init__(self, server, access=WRITE, device=DSP, name=b"test"):
        self.server = server
        self.socket = server.connect()
        self.socket.sendall(struct.pack("=5I", MAGIC, OPEN, device, access,
                                        len(name)) + name)
        try:
            check_answer(self.socket)
        except Refused:
            self.socket.close()
            raise
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        if access & READ:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, MARK)
        self.socket.settimeout(None)
        self.fd = self.socket.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def ask(self, kind, number=0, flags=0, data=b"", connection=None):
        """One request on a connection of its own; the connection."""
        if connection is None:
            connection = self.server.connect(bind=False)
        head = struct.pack("=5I", MAGIC, kind, number & 0xFFFFFFFF, flags,
                           len(data))
        connection.sendmsg([head + data], [(
            socket.SOL_SOCKET, socket.SCM_RIGHTS,
            array.array("i", [self.fd]))])
        return connection

    def raw_ioctl(self, number, data=b"", connection=None):
        size = number >> 16 & 0x3FFF
        data = data.ljust(size, b"\0") if number >> 30 & 1 else b""
        asked = self.ask(IOCTL, number, 0, data, connection)
        try:
            size = check_answer(asked)
            return asked.recv(size, socket.MSG_WAITALL) if size else b""
        finally:
            if connection is None:
                asked.close()

    def ioctl(self, number, *values):
        """Ints in, ints out; one of them alone."""
        data = self.raw_ioctl(number, struct.pack(f"={len(values)}i", *values))
        result = struct.unpack(f"={len(data) // 4}i", data)
        return result[0] if len(result) == 1 else result

    def set(self, format=S16_LE, channels=2, rate=44100, fragment=None):
        if fragment is not None:
            self.ioctl(SETFRAGMENT, fragment)
        check(self.ioctl(SETFMT, format) == format, f"format {format:#x}")
        check(self.ioctl(CHANNELS, channels) == channels, "channels")
        check(self.ioctl(SPEED, rate) == rate, "rate")
        return self

    def write(self, data):
        self.socket.sendall(data)

    def read(self, size):
        """Exactly so many bytes, as the library's read() would."""
        self.reading()
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            check(piece, "the device is gone")
            data += piece
        return data

    def reading(self):
        if self.socket.getsockopt(socket.SOL_SOCKET,
                                  socket.SO_PRIORITY) == MARK:
            with self.ask(READING) as connection:
                check_answer(connection)

    def mmap(self, length, access=WRITE):
        connection = self.ask(MAP, length, access)
        with connection:
            data, control, _, _ = connection.recvmsg(8, 64)
            result, _ = struct.unpack("=iI", data)
            if result < 0:
                raise Refused(result)
            fd, = struct.unpack("=i", control[0][2][:4])
        try:
            return mmap.mmap(fd, length)
        finally:
            os.close(fd)


def troubles(daemon):
    """Times that the card ran dry, and so over: this machine was busy for
    longer than its buffer, which no program can help.  The log leaves some of
    the underruns out."""
    status = json.loads(daemon.tool("esdctl", "--json", "status").stdout)
    return status["underruns"] + len(daemon.log_lines("overrun,"))


def patiently(daemon, attempt, *arguments):
    """Once more, if the card was in trouble meanwhile."""
    for _ in range(5):
        before = troubles(daemon)
        try:
            return attempt(daemon, *arguments)
        except SystemExit as failure:
            if troubles(daemon) == before:
                raise
            print(f"{failure}; but the card ran dry: again")
    return attempt(daemon, *arguments)


def now():
    """CLOCK_MONOTONIC, in nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
