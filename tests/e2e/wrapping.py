#!/usr/bin/env python3
"""esddsp and artsdsp: which way a program goes, what it finds there, and what
is said where it can't."""

import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from daemon import BUILD, Daemon, check, fail, together, until
from sound import noise, raw

USER = 12345  # of nobody
TRIES = 10  # on a busy machine
DOORS = BUILD / "tests/dsp"
STATIC = DOORS / "doors-static"
HAS_STATIC = STATIC.exists()
HAS_32 = (DOORS / "doors32").exists()
NOT_RUN, NOT_FOUND = 126, 127


def run(command, *words, env=None, text=True, seconds=60, **more):
    return subprocess.run([BUILD / command, *map(str, words)], text=text,
                          env={**os.environ, **(env or {})}, timeout=seconds,
                          capture_output=True, **more)


def expect(what, done, status, out="", err=""):
    """err  a word of the one line that is said; "": none is"""
    check(done.returncode == status, f"{what}: {done.returncode}, not "
          f"{status}: {done.stderr}")
    check(done.stdout == out, f"{what}: said {done.stdout!r}")
    lines = done.stderr.splitlines()
    check(len(lines) == (1 if err else 0) and err in done.stderr,
          f"{what}: {done.stderr!r} should speak of {err!r}, in one line")


class Player:
    """A daemon that plays into a file, and programs under esddsp."""

    def __init__(self, rate=44100):
        self.dir = tempfile.TemporaryDirectory(prefix="esdmixd-wrap-")
        self.here = pathlib.Path(self.dir.name)
        self.mix = self.here / "mix.raw"
        self.rate = rate
        self.seed = 0

    def __enter__(self):
        self.daemon = Daemon(f"file:{self.mix}", "-r", self.rate, "--format",
                             "S16_LE", "--period", 256, "--periods", 4)
        until("the daemon plays", self.mix.exists)
        self.env = {**self.daemon.env,
                    "ESPEAKER": f"unix:{self.daemon.socket}"}
        return self

    def __exit__(self, kind, *_):
        self.daemon.stop(clean=kind is None)
        self.dir.cleanup()

    def sound(self, frames=400):
        """A new one: its path, its bytes."""
        self.seed += 1
        path = self.here / f"{self.seed}.raw"
        path.write_bytes(raw(noise(2 * frames, self.seed)))
        return path, path.read_bytes()

    def run(self, *words, **more):
        more["env"] = {**self.env, **more.get("env", {})}
        return run("esddsp", *words, **more)

    def is_out(self, sound):
        """Not if there is a gap in it, as a busy machine may leave."""
        end = time.monotonic() + 2
        while sound not in self.mix.read_bytes():
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def hears(self, what, sounds, run_it):
        """What run_it() runs plays these sounds.  A machine so busy that no
        server answers within a second has no device: then once more."""
        for _ in range(TRIES):
            done = run_it()
            if "No such device" in done.stderr:
                continue
            expect(what, done, 0)
            if all(map(self.is_out, sounds)):
                return
        fail(f"{what}: not heard in one piece; {done}")

    def plays(self, what, *words, **more):
        """SOUND in the words is a new sound's path."""
        path, sound = self.sound()
        self.hears(what, [sound], lambda: self.run(
            *(str(word).replace("SOUND", str(path)) for word in words),
            **more))


# --- options ----------------------------------------------------------------


def options():
    for tool in ("esddsp", "artsdsp"):
        for option in ("-h", "--help"):
            done = run(tool, option)
            check(done.returncode == 0 and tool in done.stdout and
                  done.stderr == "", f"{tool} {option}: {done}")
        expect(f"{tool} alone", run(tool), 1, err="no program")
        expect(f"{tool} -n", run(tool, "-n"), 1, err="needs a value")
        expect(f"{tool} -q", run(tool, "-q", "true"), 1, err="-q")
        expect(f"{tool} --quiet", run(tool, "--quiet"), 1, err="--quiet")
    version = run("esddsp", "--version").stdout.split()[1]
    for option in ("-V", "--version"):
        expect(option, run("artsdsp", option), 0, f"artsdsp {version}\n")
    expect("esddsp -s", run("esddsp", "-s"), 1, err="needs a value")
    expect("esddsp -r", run("esddsp", "-r", "dsp,fb0", "true"), 1,
           err="-r fb0")
    print("options: as documented")


def variables():
    """What the program finds in its environment."""
    def env(command, *words, **given):
        ask = 'for v; do eval "echo $v=\\$$v"; done'
        done = run(command, *words, "sh", "-c", ask, "sh", "ESPEAKER",
                   "ESDDSP_NAME", "ESDDSP_MIXER", "ESDDSP_MMAP",
                   "ESDDSP_DEVICES", "ARTSDSP_NAME", "ARTSDSP_MMAP",
                   "LD_PRELOAD", env=given)
        check(done.returncode == 0 and done.stderr == "", f"{words}: {done}")
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    got = env("esddsp", "-s", "a:1", "-m", "--mmap", "-n", "x y", "-r",
              "dsp,/dev/mixer")
    wanted = {"ESPEAKER": "a:1", "ESDDSP_MIXER": "1", "ESDDSP_MMAP": "1",
              "ESDDSP_NAME": "x y", "ESDDSP_DEVICES": "dsp,/dev/mixer"}
    check(got | wanted == got, f"esddsp: {got}")
    got = env("esddsp", "--server=b", ESPEAKER="c")
    check(got["ESPEAKER"] == "b" and got["ESDDSP_NAME"] == "sh", f"{got}")
    got = env("esddsp", "-d", "b", ESDDSP_NAME="mine")
    check(got["ESPEAKER"] == "b" and got["ESDDSP_NAME"] == "mine", f"{got}")
    got = env("artsdsp", "-m", "-s")
    check(got["ESDDSP_NAME"] == "artsdsp" and got["ARTSDSP_MMAP"] == "1",
          f"artsdsp: {got}")
    got = env("artsdsp", "--name=z")
    check(got["ESDDSP_NAME"] == got["ARTSDSP_NAME"] == "z", f"{got}")
    library = env("esddsp")["LD_PRELOAD"]
    check(library.endswith("/$LIB/libesddsp.so"), f"LD_PRELOAD={library}")
    for before in ("libm.so.6", "libm.so.6 libdl.so.2"):
        got = env("esddsp", LD_PRELOAD=before)["LD_PRELOAD"]
        check(got == f"{library}:{before}", f"LD_PRELOAD={got}")
    got = env("esddsp", LD_PRELOAD=f"{library}:libm.so.6")["LD_PRELOAD"]
    check(got == f"{library}:libm.so.6", f"twice: LD_PRELOAD={got}")
    print("environment: as documented, LD_PRELOAD extended")


def endings():
    """Status and signals are the program's own."""
    for way in ((), ("--seccomp",)) if HAS_STATIC else ((),):
        for status in (0, 1, 42, 255):
            expect(f"exit {status}", run("esddsp", *way, "sh", "-c",
                                         f"exit {status}"), status)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            expect(f"{number}", run("esddsp", *way, "sh", "-c",
                                    f"kill -{int(number)} $$"), -number)
        child = subprocess.Popen([BUILD / "esddsp", *way, "sh", "-c",
                                  'trap "exit 9" INT; echo; sleep 60 & wait'],
                                 stdout=subprocess.PIPE)
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        check(child.wait(10) == 9, "it is not the program that got SIGINT")
        child.stdout.close()
        done = run("esddsp", *way, "sh", "-c", "cat; echo b >&2", input="a")
        check((done.stdout, done.stderr) == ("a", "b\n"), f"{done}")
    print("exit status, signals and standard files are the program's")


def cheap():
    """Who makes no sound starts nearly as soon.  The quickest of many, for a
    busy machine delays the others."""
    took = {"": [], "esddsp": []}
    for _ in range(40):
        for way, times in took.items():
            began = time.perf_counter()
            subprocess.run([*filter(None, [way and BUILD / way]), "ls", "/"],
                           stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - began)
    more = 1000 * (min(took["esddsp"]) - min(took[""]))
    check(more < 5, f"esddsp ls takes {more:.1f} ms more than ls")
    print(f"esddsp ls: {more:.1f} ms more than ls")


# --- programs ---------------------------------------------------------------


def refusals():
    with tempfile.TemporaryDirectory(prefix="esdmixd-wrap-") as name:
        here = pathlib.Path(name)
        here.chmod(0o755)
        expect("nothing", run("esddsp", here / "none"), NOT_FOUND, err="none")
        expect("not in $PATH", run("esddsp", "no-such-program"), NOT_FOUND,
               err="$PATH")
        expect("a directory", run("esddsp", here), NOT_RUN, err="may not")
        (here / "plain").write_text("true\n")
        expect("a text", run("esddsp", here / "plain"), NOT_RUN,
               err="may not")
        expect("a text in $PATH", run("esddsp", "plain", env={"PATH": name}),
               NOT_RUN, err="may not")
        for what, data, word in (
                ("damaged", b"\x7fELF\2\1\1" + bytes(57), "damaged"),
                ("short", b"\x7fELF", "damaged"),
                ("foreign", elf(183, 2), "another machine"),
                ("x32", elf(62, 1), "another machine"),
                ("no interpreter", b"#!\n", "#! line"),
                ("lost", b"#!/nowhere/sh\n", "/nowhere/sh"),
                ("itself", f"#!{here}/itself\n".encode(), "script")):
            program = here / what
            program.write_bytes(data)
            program.chmod(0o755)
            expect(what, run("esddsp", program), NOT_RUN, err=word)
        rights(here)
    print("refused, each with its reason")


def elf(machine, width):
    """A program of that machine, 1: 32 bits, 2: 64 bits; of no use."""
    ident = struct.pack("<4sBBB9x", b"\x7fELF", width, 1, 1)
    if width == 2:
        return ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 0, 0,
                                   0, 64, 56, 0, 64, 0, 0)
    return ident + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, 0, 0, 0,
                               52, 32, 0, 40, 0, 0)


def rights(here):
    """Programs that gain some; only root can make them."""
    true = here / "true"
    shutil.copy(shutil.which("true"), true)
    if os.getuid() != 0 or os.statvfs(here).f_flag & os.ST_NOSUID:
        return
    os.chown(true, USER, USER)
    true.chmod(0o4755)
    expect("setuid", run("esddsp", true), NOT_RUN, err="setuid")
    true.chmod(0o2755)
    expect("setgid", run("esddsp", true), NOT_RUN, err="setgid")
    script = here / "script"
    script.write_text(f"#!{true}\n")
    script.chmod(0o755)
    expect("a setgid interpreter", run("esddsp", script), NOT_RUN,
           err="setgid")
    os.chown(true, 0, 0)
    true.chmod(0o4755)
    expect("root's setuid, for root", run("esddsp", true), 0)
    true.chmod(0o755)
    try:
        # CAP_NET_RAW, effective (struct vfs_cap_data).
        os.setxattr(true, "security.capability",
                    struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
    except OSError:
        return
    expect("capabilities, for root", run("esddsp", true), 0)
    if subprocess.run(["setpriv", f"--reuid={USER}", "--clear-groups", "test",
                       "-x", BUILD / "esddsp"], check=False).returncode == 0:
        expect("capabilities", subprocess.run(
            ["setpriv", f"--reuid={USER}", "--clear-groups", BUILD / "esddsp",
             true], text=True, capture_output=True, check=False), NOT_RUN,
            err="capabilities")


def mixtures():
    """Scripts, and programs of one kind that start those of another."""
    with Player() as player:
        script = player.here / "script"

        def scripted(what, text, *words):
            script.write_text(text)
            script.chmod(0o755)
            player.plays(what, *words, script, "SOUND")

        scripted("a script", f'#!/bin/sh\n{DOORS}/doors open "$1"\n')
        scripted("a script by env", f'#!/usr/bin/env -S sh -e\n'
                 f'{DOORS}/doors open "$1"\n')
        scripted("a script without #!", f'{DOORS}/doors open "$1"\n')
        player.plays("by $PATH", "doors", "open", "SOUND",
                     env={"PATH": f"{DOORS}:{os.environ['PATH']}"})
        player.plays("again under esddsp", BUILD / "esddsp", DOORS / "doors",
                     "open", "SOUND")
        if HAS_32:
            player.plays("64 starts 32 bits", "sh", "-c",
                         f"{DOORS}/doors32 open SOUND")
        if HAS_STATIC:
            static(player)
        # The library alone.
        path, sound = player.sound()
        env = player.run("sh", "-c", 'echo "$LD_PRELOAD"').stdout.strip()
        player.hears("LD_PRELOAD alone", [sound], lambda: subprocess.run(
            [DOORS / "doors", "open", path], capture_output=True, check=False,
            text=True, env={**player.env, "LD_PRELOAD": env, "ESDDSP_SERVER":
                            BUILD / "esddsp-server"}))
        nothing_left(player)
    print("scripts and mixtures of programs")


def static(player):
    # A script that is its interpreter's sound.
    line = f"#!{STATIC} open\n".encode()
    sound = line + bytes(-len(line) % 4) + raw(noise(2 * 400, 99))
    script = player.here / "static"
    script.write_bytes(sound)
    script.chmod(0o755)
    player.hears("a static interpreter", [sound], lambda: player.run(script))
    for program in ("doors", "doors32", "doors-static", "doors32-static"):
        if (DOORS / program).exists():
            player.plays(f"static starts {program}", "--seccomp", "sh", "-c",
                         f"{DOORS}/{program} open SOUND")
    expect("one under another", player.run("--seccomp", BUILD / "esddsp",
                                           "--seccomp", "true"), NOT_RUN,
           err="already")
    one, two = player.sound(), player.sound()
    player.hears("two under one", [one[1], two[1]], lambda: player.run(
        "--seccomp", "sh", "-c", f"{STATIC} open {one[0]} && sleep 0.1; "
        f"{STATIC} open {two[0]} & wait $!"))
    for limit in (24, 100, 4096):
        player.plays(f"{limit} descriptors", "sh", "-c",
                     f"ulimit -n {limit}; {BUILD}/esddsp {STATIC} openat "
                     "SOUND")


def nothing_left(player):
    """Servers and supervisors go when all has been played."""
    mark = f"ESPEAKER={player.env['ESPEAKER']}".encode()

    def left():
        for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in entry.read_bytes():
                    return entry
            except OSError:
                continue  # it has ended, or is another user's
        return None
    until("no server is left", lambda: not left())


# --- shells -----------------------------------------------------------------


def shells():
    """Redirections, with the defaults of each device: 8000 Hz, one channel."""
    with Player(rate=8000) as player:
        for seed, shell in enumerate(filter(shutil.which, (
                "dash", "bash", "busybox", "zsh", "ksh"))):
            words = [shell, "sh", "-c"] if shell == "busybox" else [shell, "-c"]
            octets = bytes((v >> 8) + 128 for v in noise(300, seed))
            heard = raw([(octet - 128) << 8 for octet in octets
                         for _ in range(2)])
            path = player.here / shell
            path.write_bytes(octets)
            for line in (f"cat {path} > /dev/dsp",
                         f"exec 3>/dev/dsp; cat {path} >&3; exec 3>&-",
                         f"cat {path} | tee /dev/dsp >/dev/null",
                         f"test -w /dev/dsp && test -c /dev/dsp && "
                         f"dd if={path} of=/dev/dsp bs=512 2>/dev/null"):
                player.mix.write_bytes(b"")
                player.hears(f"{shell}: {line}", [heard],
                             lambda words=words, line=line:
                             player.run(*words, line))
        loud = bytes(range(0x10, 0xf0))  # mu-law
        path = player.here / "ulaw"
        path.write_bytes(loud)
        player.hears("/dev/audio", [raw([linear(octet) for octet in loud
                                         for _ in range(2)])],
                     lambda: player.run("sh", "-c", f"cat {path}>/dev/audio"))
    print("redirections of shells, /dev/audio as mu-law")


def linear(octet):
    """G.711."""
    octet = ~octet & 0xff
    value = (((octet & 0xf) << 3) + 0x84 << (octet >> 4 & 7)) - 0x84
    return -value if octet & 0x80 else value


# --- devices and daemons ----------------------------------------------------


def restricted():
    with Player() as player:
        for only in ("/dev/audio", "dsp1", "mixer,sound/dsp"):
            done = player.run("-r", only, "sh", "-c", "test -c /dev/dsp")
            check(done.returncode == os.path.exists("/dev/dsp") == 0 or
                  done.returncode == 1, f"-r {only}: {done}")
        player.plays("-r dsp", "-r", "/dev/mixer,dsp", DOORS / "doors",
                     "open", "SOUND")
    print("-r: other devices are as they were")


def in_turn():
    """One device after the other is heard so, several at once are at once."""
    with Player(rate=8000) as player:
        def run_anew(*words):
            player.mix.write_bytes(b"")
            return player.run(*words)

        paths, heard = [], []
        for seed in range(3):
            octets = bytes((v >> 8) + 128 for v in noise(2000, seed))
            heard.append(raw([octet - 128 << 8 for octet in octets
                              for _ in range(2)]))
            paths.append(player.here / f"turn-{seed}")
            paths[-1].write_bytes(octets)
        for way in ((), ("--seccomp",)) if HAS_STATIC else ((),):
            player.hears("one after the other", heard, lambda way=way: run_anew(
                *way, "sh", "-c", 'for f; do cat "$f" >/dev/dsp; done', "sh",
                *paths))
            places = list(map(player.mix.read_bytes().index, heard))
            check(places == sorted(places), f"heard at {places}")
            # Faster than they are played.
            expect("a burst of devices", player.run(
                *way, "sh", "-c", "for i in $(seq 40); do "
                "printf 0123456789 >/dev/dsp || exit; done"), 0)
            nothing_left(player)
        one, two = player.here / "one", player.here / "two"
        one.write_bytes(bytes([128 + 64]) * 8000)
        two.write_bytes(bytes([128 + 16]) * 4000)
        player.hears("two at once", [raw([64 + 16 << 8] * 400)],
                     lambda: run_anew(
            "sh", "-c", 'exec 3>/dev/dsp 4>/dev/dsp; cat "$0" >&3; cat "$1" >&4',
            one, two))
    print("sounds follow one another where their devices do")


def elsewhere():
    """A socket's path counts from where the program is started."""
    with Player() as player:
        where = player.daemon.socket
        for program in filter(pathlib.Path.exists, (DOORS / "doors", STATIC)):
            player.plays("a relative path", "-s", f"unix:{where.name}",
                         program, "open", "SOUND", cwd=where.parent)
    print("-s unix:SOCKET: from the program's directory")


def names():
    with Player() as player:
        for command, options, name in (
                ("esddsp", ("-n", "a name"), b"a name"),
                ("esddsp", (), b"sh"),
                ("esddsp", ("--seccomp", "--name=b"), b"b"),
                ("artsdsp", (), b"artsdsp"),
                ("artsdsp", ("-n", "c"), b"c")):
            if "--seccomp" in options and not HAS_STATIC:
                continue
            child = subprocess.Popen(
                [BUILD / command, *options, "sh", "-c",
                 "exec 3>/dev/dsp; head -c 800 /dev/zero >&3; read x"],
                env=player.env, stdin=subprocess.PIPE)
            with player.daemon.client() as client:
                until(f"{name} is listed", lambda name=name, client=client:
                      client.player(name))
            child.communicate(b"\n", timeout=10)
            player.daemon.wait_silent()
    print("streams have the names that were given")


def no_daemon():
    with tempfile.TemporaryDirectory(prefix="esdmixd-wrap-") as name:
        path = pathlib.Path(name) / "sound"
        path.write_bytes(bytes(400))
        nowhere = {"ESPEAKER": f"unix:{name}/none", "HOME": name}
        programs = [p for p in ("doors", "doors32", "doors-static")
                    if (DOORS / p).exists()]
        for program in programs:
            began = time.monotonic()
            expect(f"{program}, no daemon", run(
                "esddsp", DOORS / program, "absent", path, env=nowhere), 0)
            took = time.monotonic() - began
            check(took < 2, f"{program}: refused after {took:.2f} s")
            done = run("esddsp", "-v", DOORS / program, "absent", path,
                       env=nowhere)
            lines = [line for line in done.stderr.splitlines()
                     if f"no daemon answers at {name}/none" in line]
            check(done.returncode == 0 and lines, f"{program} -v: {done}")
        done = run("esddsp", "-v", DOORS / "doors", "absent", path,
                   env={**nowhere, "ESDDSP_SERVER": f"{name}/none-such"})
        check(done.returncode == 0 and "none-such" in done.stderr,
              f"no server: {done}")
    print("no daemon: no such device, silently; with -v it is said why")


def stopped():
    """A daemon that does nothing at all keeps nobody for long."""
    with Player() as player:
        path, _ = player.sound()
        os.kill(player.daemon.pid, signal.SIGSTOP)
        try:
            for program in (DOORS / "doors", STATIC):
                if not program.exists():
                    continue
                began = time.monotonic()
                done = player.run(program, "absent", path)
                took = (time.monotonic() - began) / 2  # two devices
                expect("a stopped daemon", done, 0)
                check(took < 2, f"open() took {took:.2f} s")
        finally:
            os.kill(player.daemon.pid, signal.SIGCONT)
    print("a stopped daemon: refused within a second")


def told():
    """--verbose tells what is intercepted, in either way."""
    with Player() as player:
        path, _ = player.sound()
        for program in filter(pathlib.Path.exists, (DOORS / "doors", STATIC)):
            for _ in range(TRIES):
                done = player.run("-v", program, "open", path)
                if done.returncode == 0:
                    break
            check(done.returncode == 0, f"-v: {done}")
            for word in ("esddsp: ", str(program), "opened",
                         "SNDCTL_DSP_SPEED", "44100", "closed"):
                until(f"-v tells {word}: {done.stderr}",
                      lambda word=word, done=done: word in done.stderr, 1)
    print("-v: tells it all")


def main():
    together(options, variables, endings, cheap, refusals, mixtures, shells,
             restricted, in_turn, elsewhere, names, no_daemon, stopped, told)


if __name__ == "__main__":
    main()
