"""Runs the real esdmixd for a test, and speaks to it in plain bytes.

Nothing here uses the daemon's own tables or tools: a client is a socket and
struct.pack(), in either byte order.
"""

import atexit
import concurrent.futures
import contextlib
import errno
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

# Whoever started the tests in the background, or by nohup, had these ignored,
# and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

BUILD = pathlib.Path(os.environ.get("ESDMIXD_BUILDDIR", ".")).resolve()
os.environ["BUILD"] = str(BUILD)  # for card.py

# aRts programs find their server by names that HOME does not change: whatever
# a test starts by itself looks in a place of that test's own.
KDE = tempfile.mkdtemp(prefix="esdmixd-kde-")
os.environ.update(LOGNAME=pathlib.Path(KDE).name, KDEHOME=KDE, KDEROOTHOME=KDE,
                  KDETMP=KDE)
atexit.register(shutil.rmtree, KDE, ignore_errors=True)
atexit.register(shutil.rmtree, f"/tmp/mcop-{os.environ['LOGNAME']}",
                ignore_errors=True)

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
MARKER = 0x454E444E
TOGETHER = 4  # cases of a test that run at once
# Buffers of a device that outlast the pauses of a busy machine.
LARGE = ("--period", 2048, "--periods", 16)
PATIENCE = 30.0  # seconds for anything that should happen at once

CONNECT, STREAM_PLAY, SERVER_INFO = 0, 3, 16
SAMPLE_CACHE, SAMPLE_PLAY = 6, 8
ALL_INFO, STREAM_PAN, LATENCY = 17, 20, 23

BITS8, BITS16, MONO, STEREO, PLAY = 0x0000, 0x0001, 0x0010, 0x0020, 0x1000


def fail(sentence):
    """Ends the test: one clear sentence, exit status 1."""
    sys.exit(f"{os.path.basename(sys.argv[0])}: FAIL: {sentence}")


def check(condition, sentence):
    if not condition:
        fail(sentence)


def until(what, condition, seconds=PATIENCE):
    """Waits until the condition holds; returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            fail(f"waited {seconds} s in vain: {what}")
        time.sleep(0.005)


def together(*cases):
    """Runs them at once, some at a time: they wait more than they work, each
    for a daemon of its own.  The first that fails ends the test."""
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        for case in [pool.submit(case) for case in cases]:
            case.result()


PORTS = range(17000, 32000)  # no connection is given one of these by itself
reserved = []


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def free_port():
    """A TCP port that both loopback addresses have free, and that no other
    test takes until this one ends."""
    while True:
        port = random.choice(PORTS)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0esdmixd-port-{port}")
            with socket.create_server(("127.0.0.1", port)):
                pass
            if has_ipv6():
                with socket.create_server(("::1", port),
                                          family=socket.AF_INET6):
                    pass
        except OSError as error:
            name.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise
        reserved.append(name)
        return port


class Client:
    """One connection, by hand.  order: "<" little-endian, ">" big-endian."""

    def __init__(self, path, order="<", key=KEY, shake=True):
        self.order = order
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        if shake:
            self.send(key + self.ints(MARKER))
            verdict = self.read(4)
            check(verdict == struct.pack("=i", 1),
                  f"the handshake was answered by {verdict.hex()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ints(self, *values):
        return struct.pack(f"{self.order}{len(values)}I",
                           *(value & 0xFFFFFFFF for value in values))

    def send(self, data):
        self.socket.sendall(data)

    def read(self, size):
        """Exactly that many bytes."""
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            check(piece, f"the daemon closed after {len(data)} of {size} bytes")
            data += piece
        return data

    def read_ints(self, count):
        return struct.unpack(f"{self.order}{count}i", self.read(4 * count))

    def is_closed(self):
        """Waits for the daemon to close; True unless bytes came first."""
        try:
            return self.socket.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            return True
        except TimeoutError:
            return False

    def play(self, format=BITS16 | STEREO | PLAY, rate=44100, name=b""):
        self.send(self.ints(STREAM_PLAY, format, rate) +
                  name[:128].ljust(128, b"\0"))
        return self

    def server_info(self):
        self.send(self.ints(SERVER_INFO, 0))
        return self.read_ints(3)

    def all_info(self):
        """The players, newest first: (id, name, rate, left, right, format)."""
        self.send(self.ints(ALL_INFO, 0))
        self.read_ints(3)
        players = []
        while True:
            record = struct.unpack(f"{self.order}i128s4i", self.read(148))
            if record[0] <= 0:
                break
            players.append((record[0], record[1].split(b"\0")[0], *record[2:]))
        while struct.unpack(f"{self.order}i148x", self.read(152))[0] > 0:
            pass
        return players

    def player(self, name):
        for player in self.all_info():
            if player[1] == name:
                return player
        return None

    def pan(self, stream, left, right):
        self.send(self.ints(STREAM_PAN, stream, left, right))
        return self.read_ints(1)[0]

    def cache(self, format, rate, data, name=b""):
        """Uploads a sound; its id."""
        self.send(self.ints(SAMPLE_CACHE, format, rate, len(data)) +
                  name.ljust(128, b"\0"))
        number, = self.read_ints(1)
        self.send(data)
        check(self.read_ints(1) == (number,), "the upload is not confirmed")
        return number

    def play_sample(self, number):
        self.send(self.ints(SAMPLE_PLAY, number))
        check(self.read_ints(1) == (number,), "the sample is not played")

    def latency(self):
        self.send(self.ints(LATENCY))
        return self.read_ints(1)[0]

    def shut(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()


def as_user(user):
    """What subprocess has to be told, so that a program runs as that user."""
    return {} if user is None else {"user": user, "group": user,
                                    "extra_groups": []}


def give(directory, user):
    """All in it becomes that user's."""
    if user is not None:
        for path in (directory, *pathlib.Path(directory).rglob("*")):
            os.chown(path, user, user)


class Daemon:
    """esdmixd with a home, sockets and a log of its own.

    device    what -d says
    options   more command line
    conf      text of its configuration file
    env       more environment (a virtual card's, say)
    user      the number of the user that it and all of its files are of
    """

    def __init__(self, device="null", *options, conf="", env=None,
                 directory=None, user=None):
        self.own_directory = directory is None
        self.dir = pathlib.Path(directory or
                                tempfile.mkdtemp(prefix="esdmixd-test-"))
        self.runtime = self.dir / "run"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        self.socket = self.dir / "sock" / "socket"
        self.conf = self.dir / "esdmixd.conf"
        self.conf.write_text(conf)
        cookie = self.dir / ".esd_auth"
        cookie.write_bytes(KEY)
        cookie.chmod(0o600)
        self.env = dict(os.environ, HOME=str(self.dir),
                        XDG_RUNTIME_DIR=str(self.runtime),
                        XDG_CONFIG_HOME=str(self.dir / "config"),
                        XDG_STATE_HOME=str(self.dir / "state"),
                        LOGNAME=f"{self.dir.name}-{os.getpid()}",
                        KDEHOME=str(self.dir / "kde"),
                        KDEROOTHOME=str(self.dir / "kde"),
                        KDETMP=str(self.dir))
        for name in ("ESPEAKER", "DISPLAY", "ESD_DEFAULT_OPTIONS"):
            self.env.pop(name, None)
        # What a sanitizer keeps back would look like a leak.
        self.env["ASAN_OPTIONS"] = ":".join(filter(None, (
            self.env.get("ASAN_OPTIONS"), "quarantine_size_mb=1")))
        self.own_login = "LOGNAME" not in (env or {})
        self.env.update(env or {})
        self.log_file = self.dir / "log"
        self.device = str(device)
        self.options = options
        self.process = None
        self.user = as_user(user)
        give(self.dir, user)
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- log of {self.device}:\n{self.log()}", file=sys.stderr)
        self.stop(clean=kind is None)

    def start(self):
        command = [str(BUILD / "esdmixd"), "-d", self.device,
                   "--socket", str(self.socket), "--no-legacy-sockets",
                   "--config", str(self.conf), *map(str, self.options)]
        with open(self.log_file, "ab") as log:
            self.starts = self.log().count("ready on")
            self.process = subprocess.Popen(command, env=self.env,
                                            stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log,
                                            **self.user)
        until(f"esdmixd accepts at {self.socket}", self.is_ready)

    def is_ready(self):
        """All of its sockets accept: those by TCP come after the others."""
        if self.process.poll() is not None:
            fail(f"esdmixd ended with {self.process.returncode}:\n{self.log()}")
        return self.log().count("ready on") > self.starts

    def stop(self, clean=True):
        """SIGTERM; it must end with status 0 within PATIENCE."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "SIGTERM ignored"
        log = self.log()
        self.process = None
        if self.own_login:  # left behind only where it had no time to stop
            shutil.rmtree(self.mcop, ignore_errors=True)
        if self.own_directory:
            shutil.rmtree(self.dir)
        if clean:
            check(status == 0, f"esdmixd ended with {status}:\n{log}")

    @property
    def mcop(self):
        """Where aRts programs look for it."""
        return pathlib.Path(f"/tmp/mcop-{self.env['LOGNAME']}")

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_file.read_text(errors="replace")

    def log_lines(self, *words):
        """The log's lines that contain all those words."""
        return [line for line in self.log().splitlines()
                if all(word in line for word in words)]

    def client(self, order="<", **more):
        return Client(self.socket, order, **more)

    def tool(self, name, *arguments, server=True, **more):
        """Runs esdcat or another tool against this daemon."""
        where = ["-s", f"unix:{self.socket}"] if server else []
        return subprocess.run([str(BUILD / name), *where,
                               *map(str, arguments)], env=self.env,
                              capture_output=True, timeout=60, **more)

    def wait_silent(self):
        """Until no player is listed any more."""
        with self.client() as client:
            until("no player is listed", lambda: not client.all_info())

    def descriptors(self):
        """How many are open, its first device's included."""
        until("it plays", lambda: self.log_lines("playing at"))
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        """Resident bytes."""
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def on_card(*options, rate=44100, conf="", busy=False, event="start", slow=0,
            user=None, number=None):
    """A daemon on a virtual card of that rate: 16-bit, two channels.

    event   of the card's to wait for, unless it is busy
    slow    ms that opening takes, and closing
    user    as for Daemon
    number  the card's, see Card
    """
    from card import Card

    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        more = {} if number is None else {"card": number}
        card = Card(directory, rates=[rate], formats=["S16_LE"], channels=[2],
                    **more)
        with contextlib.closing(card):
            card.busy(busy)
            card.slow(slow)
            give(directory, user)
            with Daemon(card.name, "-r", rate, *options, conf=conf,
                        env=card.env, user=user) as daemon:
                if not busy:
                    card.wait_event(event)
                yield daemon, card
