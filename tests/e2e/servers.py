#!/usr/bin/env python3
"""-d jack and -d pulse: real servers, with no sound card.  What the daemon plays
arrives there exactly; a server that is killed and started again is a card
that goes away.

ESDMIXD_LONG=1: plays for a minute, without an underrun.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import BITS16, PLAY, STEREO, Daemon, check, together, until
from sound import noise, raw, words

RATE = 48000
PERIOD = 2048
LONG = "ESDMIXD_LONG" in os.environ
SECONDS = 60 if LONG else 0
PATIENCE = 60
TRIES = 8  # of servers without real-time priority, on a busy machine
SKIPPED = 77
PLUGINS = ("/usr/lib/x86_64-linux-gnu/alsa-lib", "/usr/lib/alsa-lib",
           "/usr/lib64/alsa-lib")
OPTIONS = ("-r", RATE, "--period", PERIOD, "--periods", 16, "--format",
           "S16_LE", "--log-level", "info")


class Server:
    """A program in the background, with a home of its own."""

    def __init__(self, directory, command, env, ready):
        self.command = command
        self.ready = ready
        self.env = {**os.environ, "HOME": directory,
                    "XDG_RUNTIME_DIR": directory, **env}
        self.log = pathlib.Path(directory) / "server.log"
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        until(f"{self.command[0]} is ready:\n{self.log.read_text()}",
              self.is_ready, PATIENCE)

    def is_ready(self):
        check(self.process.poll() is None,
              f"{self.command[0]} ended: {self.log.read_text()}")
        return self.ready(self)

    def run(self, *command):
        return subprocess.run(command, env=self.env, capture_output=True,
                              text=True, timeout=PATIENCE)

    def stop(self, kind=signal.SIGTERM):
        self.process.send_signal(kind)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def play(daemon, sound):
    with daemon.client() as client:
        client.play(BITS16 | STEREO | PLAY, RATE, b"it").send(sound)
    daemon.wait_silent()


def record(server, command, scale):
    """Starts a program that records to its output; returns what is to be
    called for what it has got, as 16-bit samples without silence."""
    path = server.log.parent / "heard.raw"
    with open(path, "wb") as out:
        process = subprocess.Popen(command, env=server.env, stdout=out,
                                   stderr=subprocess.DEVNULL)

    def heard(end=False):
        if end:
            process.terminate()
            process.wait()
        return raw(list(filter(None, scale(path.read_bytes()))))
    until(f"{command[0]} records", lambda: path.stat().st_size > 0, PATIENCE)
    return heard


def exact(daemon, server, recorder):
    """A sound arrives whole, with every bit, at one of a few tries."""
    for seed in range(TRIES):
        sound = raw([v | 1 for v in noise(RATE, seed, 32766)])
        heard = record(server, *recorder())
        play(daemon, sound)
        end = time.monotonic() + 3
        while len(heard()) < len(sound) and time.monotonic() < end:
            time.sleep(0.05)
        if heard(end=True) == sound:
            return seed + 1
    check(False, f"{server.command[0]}: what arrived is something else")


def comes_back(daemon, server):
    """Killed and started again, under a client."""
    sound = raw(noise(2 * RATE // 4, 1))
    opened = len(daemon.log_lines("playing at"))
    with daemon.client() as client:
        client.play(BITS16 | STEREO | PLAY, RATE, b"stays")
        server.stop(signal.SIGKILL)
        while not daemon.log_lines("lost: "):
            client.send(sound)
        server.start()
        end = time.monotonic() + PATIENCE
        while len(daemon.log_lines("playing at")) == opened:
            client.send(sound)
            check(time.monotonic() < end, f"not back: {daemon.log()}")


def lasts(daemon, what):
    """As long as it should: no underrun of the device."""
    sound = raw(noise(2 * RATE // 4, 2))
    before = len(daemon.log_lines("underrun")) + len(daemon.log_lines("lost"))
    end = time.monotonic() + SECONDS
    with daemon.client() as client:
        client.play(BITS16 | STEREO | PLAY, RATE, b"lasts")
        while time.monotonic() < end:
            client.send(sound)
    now = len(daemon.log_lines("underrun")) + len(daemon.log_lines("lost"))
    check(now == before, f"{what}: {daemon.log()}")


def clean(daemon):
    """Nothing in the log but our own lines."""
    for line in daemon.log().splitlines():
        check(line.startswith(("info: ", "warn: ")), f"in the log: {line}")


def served(server, device, env, recorder):
    with Daemon(device, *OPTIONS, env=env) as daemon:
        until("it is opened", lambda: daemon.log_lines("playing at"), PATIENCE)
        tries = exact(daemon, server, lambda: recorder(daemon))
        lasts(daemon, device)
        comes_back(daemon, server)
        if LONG:
            exact(daemon, server, lambda: recorder(daemon))
        clean(daemon)
    print(f"-d {device}: exact, try {tries}; {SECONDS} s without an underrun; "
          "back after its server")


def floats(data):
    frames = memoryview(data[:len(data) // 8 * 8]).cast("f")
    return [int(value * 32768) for value in frames]


def jack():
    name = f"esdmixd-test-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="esdmixd-jack-") as directory:
        server = Server(directory,
                        ["jackd", "-r", "-S", "-n", name, "-d", "dummy", "-r",
                         str(RATE), "-p", str(PERIOD)],
                        {"JACK_DEFAULT_SERVER": name,
                         "JACK_NO_START_SERVER": "1",
                         "JACK_NO_AUDIO_RESERVATION": "1"},
                        lambda server: "system:playback_1" in
                        server.run("jack_lsp").stdout)

        def recorder(daemon):
            def ours():
                ports = server.run("jack_lsp").stdout.split()
                return sorted(port for port in ports if
                              port.startswith(f"esdmixd.P.{daemon.pid}."))
            until("our ports are there", lambda: len(ours()) == 2, PATIENCE)
            left, right = ours()
            config = pathlib.Path(directory) / "tap.conf"
            config.write_text(
                "</usr/share/alsa/alsa.conf>\n"
                f'pcm.tap {{ type jack capture_ports {{ 0 "{left}" '
                f'1 "{right}" }} }}\n')
            return (["env", f"ALSA_CONFIG_PATH={config}", "arecord", "-q",
                     "-D", "tap", "-t", "raw", "-f", "FLOAT_LE", "-c", "2",
                     "-r", str(RATE), "--buffer-size", "65536"], floats)
        try:
            served(server, "jack",
                   {"JACK_DEFAULT_SERVER": name}, recorder)
        finally:
            server.stop()


def pulse():
    with tempfile.TemporaryDirectory(prefix="esdmixd-pulse-") as directory:
        path = pathlib.Path(directory) / "native"
        where = {"PULSE_SERVER": f"unix:{path}"}

        def ready(server):
            return "void" in server.run("pactl", "list", "short",
                                        "sinks").stdout
        server = Server(directory,
                        ["pulseaudio", "-n", "--daemonize=no",
                         "--exit-idle-time=-1", "--use-pid-file=no",
                         "--disable-shm=yes", "--high-priority=no",
                         "--load=module-native-protocol-unix auth-anonymous=1 "
                         f"socket={path}",
                         "--load=module-null-sink sink_name=void format=s16le "
                         f"channels=2 rate={RATE}"], where, ready)
        try:
            served(server, "pulse", where, lambda _: (
                ["parec", "-d", "void.monitor", "--raw", "--format=s16le",
                 f"--rate={RATE}", "--channels=2"],
                lambda data: words(data[:len(data) // 4 * 4])))
        finally:
            server.stop()


def main():
    cases = [case for case, programs in (
        (jack, ("jackd", "jack_lsp", "arecord")),
        (pulse, ("pulseaudio", "pactl", "parec")))
        if all(map(shutil.which, programs)) and
        any(os.path.exists(f"{plugins}/libasound_module_pcm_{case.__name__}.so")
            for plugins in PLUGINS)]
    if not cases:
        print("neither JACK nor PulseAudio is installed")
        sys.exit(SKIPPED)
    together(*cases)


if __name__ == "__main__":
    main()
