#!/usr/bin/env python3
"""esdctl doctor: each of its sentences, provoked by the fault it is about; and
none where nothing is wrong.  In a /tmp, a /run and a network of our own; what
it reads of /proc, /dev and /etc is below a root of each case's."""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from card import Card
from daemon import BUILD, KEY, Daemon, check, free_port, give, on_card, \
    together, until
from private import enter

RATE = 44100
LARGE = ("--period", 2048, "--periods", 16, "--realtime-priority", 0)
OTHER, ANOTHER = 61021, 61022  # users that nobody is
OPT_IN = pathlib.Path(__file__).parents[2] / "etc/alsa/99-esd-default.conf"
PROGRAMS = pathlib.Path("/tmp/programs")  # where those can reach them
# Whether we are root of the machine, not of a namespace alone.
IS_ROOT = pathlib.Path("/proc/self/uid_map").read_text().split()[2] != "1" \
    and os.geteuid() == 0


class Machine:
    """A root of files with a card that all may use, and a user's home."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="esdmixd-doctor-"))
        self.dir.chmod(0o755)
        self.root = self.dir / "root"
        self.node = self.root / "dev" / "snd" / "pcmC0D0p"
        self.cards = self.root / "proc" / "asound" / "cards"
        for file in self.node, self.cards:
            file.parent.mkdir(parents=True)
        self.node.touch()
        self.node.chmod(0o666)
        self.cards.write_text(" 0 [PCH            ]: HDA-Intel - HDA Intel\n")
        self.home = self.dir / "home"
        (self.home / "run").mkdir(mode=0o700, parents=True)
        self.key = self.home / ".esd_auth"
        self.key.write_bytes(KEY)
        self.key.chmod(0o600)
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("ESPEAKER", "DISPLAY", "AUDIODEV")}
        self.env.update(HOME=str(self.home), ESDCTL_ROOT=str(self.root),
                        XDG_RUNTIME_DIR=str(self.home / "run"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def doctor(self, *options, become=(), env=None):
        return subprocess.run(
            [*become, str(PROGRAMS if become else BUILD) + "/esdctl",
             *map(str, options), "doctor"],
            env={**self.env, **(env or {})}, capture_output=True, text=True,
            timeout=60)

    def says(self, *expected, **more):
        """Those findings, (check, words of it) each, and no others."""
        done = self.doctor(*more.pop("options", ()), **more)
        lines = done.stdout.splitlines()
        if lines and ": " not in lines[-1].split(" at ")[0]:
            lines.pop()  # how the daemon is
        check(done.returncode == 1 and done.stderr == "" and
              len(lines) == len(expected), f"{expected}: {done}")
        for line, (name, *words) in zip(lines, expected):
            check(line.startswith(f"{name}: ") and
                  all(str(word) in line for word in words),
                  f"{name} {words}: {line}")
            print(line)

    @contextlib.contextmanager
    def program(self, name, file):
        """A real one of that name that has that file open."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        process = subprocess.Popen(
            ["sh", "-c", f"printf %s '{name}' > /proc/$$/comm; exec 5< '{file}'"
             "; echo; read end"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        (self.root / "proc" / str(process.pid)).symlink_to(
            f"/proc/{process.pid}")
        yield process.pid
        process.communicate()


def server_for(daemon):
    return ["-s", f"unix:{daemon.socket}"]


def plays(daemon):
    """Waits until it says so: what it tells of its device is true then."""
    until("it has a device", lambda: daemon.log_lines("playing at"), 30)


# --- nothing wrong -----------------------------------------------------------

def well():
    with Machine() as machine, on_card(*LARGE, rate=RATE) as (daemon, _):
        plays(daemon)
        for file in machine.node, machine.cards:
            file.unlink()  # it plays: the card is no question any more
        machine.key.unlink()  # nor is the key: it knows us
        done = machine.doctor(*server_for(daemon))
        version = daemon.tool("esdmixd", "--version", server=False)
        version = version.stdout.decode().split()[1]
        check(done.returncode == 0 and done.stderr == "" and
              done.stdout.startswith(f"all is well: esdmixd {version} at "
                                     f"{daemon.socket} plays on vcard at "
                                     f"{RATE} Hz, S16_LE, 2 channels, ") and
              done.stdout.endswith(" ms behind\n") and
              done.stdout.count("\n") == 1, f"all is well: {done}")
        print(done.stdout.strip())
        told = json.loads(machine.doctor(*server_for(daemon), "--json").stdout)
        check(told["well"] and told["findings"] == [] and
              told["device"] == "vcard" and told["rate"] == RATE and
              told["version"] == version and told["delay_us"] > 0, f"{told}")
        daemon.tool("esdctl", "master", "mute")
        machine.says(("volume", "muted", "esdctl master unmute"),
                     options=server_for(daemon))
        told = json.loads(machine.doctor(*server_for(daemon), "--json").stdout)
        check(not told["well"] and [one["check"] for one in told["findings"]] ==
              ["volume"], f"{told}")
        daemon.tool("esdctl", "master", "unmute", "master", "0")
        machine.says(("volume", "volume is 0", "esdctl master 100%"),
                     options=server_for(daemon))
        check(not machine.key.exists(), "a key was made")


# --- the way to the daemon ---------------------------------------------------

def no_daemon():
    with Machine() as machine:
        machine.says(("daemon", "no daemon runs", "start esdmixd"))
        stale = machine.home / "run" / "esdmixd" / "socket"
        stale.parent.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(stale))
        machine.says(("daemon", "no daemon runs"),
                     ("stale", stale, "left behind", "replaces"))
        machine.says(("speaker", "-s leads nowhere", "Connection refused"),
                     ("stale", stale), options=["-s", f"unix:{stale}"])


@contextlib.contextmanager
def listener(answer):
    """Somebody who says that and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                client, _ = server.accept()
                client.sendall(answer)
                while client.recv(100):
                    pass
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()


def wrong_speaker():
    with Machine() as machine:
        machine.says(("speaker", "ESPEAKER leads nowhere", "cannot find the "
                      "host of no.such.host.invalid"),
                     env={"ESPEAKER": "no.such.host.invalid"})
        machine.says(("speaker", "DISPLAY leads nowhere", "cannot find"),
                     env={"DISPLAY": "no.such.host.invalid:0"})
        machine.says(("speaker", "ESPEAKER leads nowhere", "Connection "
                      "refused"),
                     env={"ESPEAKER": f"127.0.0.1:{free_port()}"})
        with listener(b"SSH-2.0-OpenSSH_9.2p1\r\n") as place:
            machine.says(("speaker", f"ESPEAKER leads to {place}", "no ESD "
                          "server"), env={"ESPEAKER": place})
        with listener(b"") as place:
            machine.says(("speaker", place, "says nothing"),
                         env={"ESPEAKER": place})


def other_key():
    port = free_port()
    with Machine() as machine, Daemon("null", "-tcp", "-port", port,
                                      "--realtime-priority", 0) as daemon:
        plays(daemon)
        place = {"ESPEAKER": f"127.0.0.1:{port}"}
        machine.says(("device", "plays on null", "name a card"), env=place)
        machine.key.write_bytes(bytes(16))
        machine.says(("cookie", machine.key, f"127.0.0.1:{port}", "copy the "
                      ".esd_auth"), env=place)
        machine.key.chmod(0o644)
        machine.says(("cookie", "no key", machine.key, "chmod 600"), env=place)
        machine.key.unlink()
        machine.says(("cookie", "there is no", machine.key, "copy"), env=place)
        check(not machine.key.exists(), "a key was made")


def too_many():
    """It is full, and our key is none of its reasons."""
    with Machine() as machine, \
            Daemon("null", "--clients", 1, "--realtime-priority", 0) as daemon:
        plays(daemon)
        with daemon.client() as client:
            client.all_info()
            machine.says(("clients", daemon.socket, "as many clients"),
                         options=server_for(daemon))


def not_for_us():
    """Sockets of others, in the places where ours would be."""
    if not IS_ROOT:
        print("left out: takes root, to be other users")
        return
    become = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}",
              "--clear-groups"]
    with Machine() as machine, socket.socket(socket.AF_UNIX) as system:
        give(machine.home, OTHER)
        path = pathlib.Path("/run/esdmixd/socket")
        path.parent.mkdir(mode=0o755)
        system.bind(str(path))
        system.listen(8)
        os.chown(path, 0, ANOTHER)
        path.chmod(0o660)
        machine.says(("group", path, f"group {ANOTHER}", f"usermod -aG "
                      f"{ANOTHER} {OTHER}"), become=become)
        path.chmod(0o600)
        machine.says(("group", path, "owner only"), become=become)
        path.unlink()
        path.parent.rmdir()
        theirs = pathlib.Path("/tmp/.esd/socket")
        theirs.parent.mkdir()
        os.chown(theirs.parent, ANOTHER, ANOTHER)
        holder = subprocess.Popen(
            ["setpriv", f"--reuid={ANOTHER}", "--clear-groups", sys.executable,
             "-c", "import os, socket, sys\n"
             f"s = socket.socket(socket.AF_UNIX)\ns.bind('{theirs}')\n"
             f"s.listen(8)\nos.chmod('{theirs}', 0o777)\n"
             "print(flush=True)\nsys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        machine.says(("group", theirs, "another user's", "ESPEAKER=unix:"),
                     become=become)
        holder.communicate()
        shutil.rmtree(theirs.parent)


# --- the card ----------------------------------------------------------------

def no_card():
    with Machine() as machine:
        machine.node.unlink()
        machine.says(("daemon",), ("card", "snd has no node", "--device"))
        machine.cards.write_text("--- no soundcards ---\n")
        machine.says(("daemon",), ("card", "knows no sound card", "driver"))


def held():
    with Machine() as machine:
        with machine.program("mplayer", machine.node) as pid:
            machine.says(("daemon",), ("held", f"mplayer (pid {pid}) has card "
                                       "0", "end it"))
        for name, remedy in (("pulseaudio", "device = pulse)"),
                             ("pipewire", "device = pipewire)"),
                             ("jackd", "device = jack)"), ("artsd", "end it"),
                             ("esd", "end it"), ("esdmixd", "autostandby")):
            with machine.program(name, machine.node) as pid:
                machine.says(("daemon",), ("server", f"{name} (pid {pid})",
                                           remedy))
        with machine.program("xmms", machine.root / "dev" / "dsp") as pid:
            machine.says(("daemon",), ("oss", f"xmms (pid {pid})", "OSS",
                                       "esddsp"))
        # The driver's own word for it, where files cannot be seen.
        with machine.program("aplay", machine.dir / "elsewhere") as pid:
            status = machine.root / "proc/asound/card0/pcm0p/sub0/status"
            status.parent.mkdir(parents=True)
            status.write_text(f"state: RUNNING\nowner_pid   : {pid}\n")
            machine.says(("daemon",), ("held", f"aplay (pid {pid})"))


def no_right():
    if not IS_ROOT:
        print("left out: takes root, to be other users")
        return
    become = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}",
              "--clear-groups"]
    with Machine() as machine:
        give(machine.home, OTHER)
        os.chown(machine.node, 0, ANOTHER)
        machine.node.chmod(0o660)
        machine.says(("daemon",), ("permission", machine.node, str(ANOTHER),
                                   "0660", f"usermod -aG {ANOTHER} {OTHER}"),
                     become=become)
        done = machine.doctor(become=[
            "setpriv", f"--reuid={OTHER}", f"--regid={OTHER}",
            f"--groups={ANOTHER}"])
        check("permission:" not in done.stdout, f"in the group: {done}")


@contextlib.contextmanager
def on_default():
    """A daemon on ALSA's default, which is the kernel's card 1, and busy."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        card = Card(directory, "default", rates=[RATE], formats=["S16_LE"],
                    channels=[2], card=1)
        card.busy()
        with contextlib.closing(card), \
                Daemon("default", "-r", RATE, *LARGE, env=card.env) as daemon:
            yield daemon, card


def refused(daemon, card, error, words):
    """It knows that the card cannot be had for that reason now."""
    card.refuse(error)
    until(words, lambda: daemon.log_lines("cannot be opened", words), 30)


def without_device():
    """A daemon runs, and its card is not to be had."""
    with Machine() as machine, on_default() as (daemon, card):
        options = server_for(daemon)
        node = machine.node.with_name("pcmC1D0p")
        refused(daemon, card, errno.EBUSY, "busy")
        nothing = ("device", "none of its devices", "log", "(default: Device "
                   "or resource busy)")
        machine.says(nothing, options=options)
        check("plays into nothing" in machine.doctor(*options).stdout,
              "how the daemon is")
        with machine.program("pipewire", machine.node):
            machine.says(nothing, options=options)  # on another card
        with machine.program("mplayer", node) as pid:
            machine.says(("held", f"mplayer (pid {pid}) has card 1"),
                         options=options)
        node.unlink()
        conf = machine.home / ".asoundrc"
        shutil.copy(OPT_IN, conf)
        machine.says(nothing, options=options)  # that is not why

        refused(daemon, card, errno.ENODEV, "No such device")
        machine.says(("card", "no card 1, which default is", "aplay -l"),
                     options=options)
        refused(daemon, card, errno.EACCES, "Permission denied")
        machine.says(("device", "(default: Permission denied)"),
                     options=options)

        refused(daemon, card, errno.ELOOP, "leads back")
        machine.says(("recursion", f"by {conf}", "device = hw:0"),
                     options=options)
        conf.write_text("# pcm.!default { type esd }\n"
                        "pcm.mine { type esd }\n"
                        "pcm.!default { type plug slave.pcm \"hw:0\" }\n")
        elsewhere = "recursion", "default leads back", "esd plugin"
        machine.says(elsewhere, options=options)
        conf.unlink()
        os.mkfifo(conf)  # which nobody writes to
        machine.says(elsewhere, options=options)
        for conf in machine.root / "etc" / "asound.conf", \
                machine.root / "etc" / "alsa" / "conf.d" / "99-esd.conf":
            conf.parent.mkdir(parents=True, exist_ok=True)
            conf.write_text('pcm.!default = "esdmix"\n')
            machine.says(("recursion", f"by {conf}"), options=options)
            conf.unlink()
        card.refuse(0)
        plays(daemon)
        check(machine.doctor(*options).returncode == 0, "it has the card again")
        card.unplug()
        until("it is lost", lambda: daemon.log_lines(" lost: "), 30)
        machine.says(("card", "no card 1, which default is"), options=options)


# --- the rest ----------------------------------------------------------------

def no_real_time():
    """Who is no root, and has no such limit, is refused."""
    with Machine() as machine, tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        become = []
        if IS_ROOT:
            become = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}",
                      "--clear-groups"]
            give(directory, OTHER)
        place = directory / "sock" / "socket"
        mix = directory / "mix.raw"
        log_file = machine.dir / "log"
        with open(log_file, "w") as log:
            daemon = subprocess.Popen(
                ["prlimit", "--rtprio=0", *become,
                 str((PROGRAMS if IS_ROOT else BUILD) / "esdmixd"),
                 "-d", f"file:{mix}", "--socket", place, "--no-arts",
                 "--no-legacy-sockets", "--config", "/dev/null"],
                env={**machine.env, "HOME": name, "XDG_RUNTIME_DIR": ""},
                stdin=subprocess.DEVNULL, stderr=log)
        try:
            until("it was refused", lambda: "without real-time priority" in
                  log_file.read_text() and "playing at" in
                  log_file.read_text(), 30)
            machine.says(("realtime", "refused", "limits.conf", "logs in "
                          "again", f"user@{OTHER if IS_ROOT else os.geteuid()}"
                          ".service"), options=["-s", f"unix:{place}"])
        finally:
            daemon.terminate()
            daemon.wait(30)


def no_library():
    with Machine() as machine, on_card(*LARGE, rate=RATE) as (daemon, _):
        plays(daemon)
        loader = machine.root / "lib" / "ld-linux.so.2"
        loader.parent.mkdir()
        loader.touch()
        library = machine.dir / "$LIB" / "libesddsp.so"
        machine.says(("preload", "32-bit", "libesddsp.so", machine.dir),
                     options=server_for(daemon),
                     env={"ESDDSP_LIBRARY": str(library)})
        (machine.dir / "libesddsp.so").touch()
        done = machine.doctor(*server_for(daemon), env={
            "ESDDSP_LIBRARY": str(machine.dir / "libesddsp.so")})
        check(done.returncode == 0, f"it is there: {done}")


def main():
    enter(__file__, "/tmp", "/run", network=True)
    os.chmod("/run", 0o755)
    PROGRAMS.mkdir()
    subprocess.run(["mount", "--bind", str(BUILD), str(PROGRAMS)], check=True)
    not_for_us()  # alone: where all look
    together(well, no_daemon, wrong_speaker, other_key, too_many, no_card,
             held, no_right, without_device, no_real_time, no_library)


if __name__ == "__main__":
    main()
