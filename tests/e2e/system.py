#!/usr/bin/env python3
"""One daemon for all users: as whom it runs, who is let in, what they may do.
In a /run, a /tmp and a network of our own, with users that are mere numbers."""

import contextlib
import grp
import json
import os
import pathlib
import pwd
import re
import socket
import stat
import subprocess
import sys
import threading

from daemon import BUILD, KEY, LARGE, as_user, check, give, until
from private import SKIPPED, enter
from sound import raw, words

# Not BUILD: a user may not reach that.
PROGRAMS = pathlib.Path("/tmp/programs")
SYSTEM = pathlib.Path("/run/esdmixd/socket")
LEGACY = pathlib.Path("/tmp/.esd/socket")
STATE = pathlib.Path("/var/lib/esdmixd")
RATE = 44100
SUSPEND, STREAM_HOLD = 1008, 1009

USER, GROUP = 61001, 61002  # the daemon's
MEMBER, OTHER_MEMBER, STRANGER = 61011, 61012, 61013


class Person:
    """A user of the machine, with a home."""

    def __init__(self, number, *groups, primary=None):
        self.number = number
        self.home = pathlib.Path(f"/tmp/home-{number}")
        self.home.mkdir(mode=0o700, exist_ok=True)
        give(self.home, number)
        self.become = ["setpriv", f"--reuid={number}",
                       f"--regid={primary or number}",
                       *(["--groups=" + ",".join(map(str, groups))] if groups
                         else ["--clear-groups"])]
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("XDG_RUNTIME_DIR", "ESPEAKER", "DISPLAY",
                                    "AUDIODEV", "XDG_STATE_HOME",
                                    "NOTIFY_SOCKET")}
        self.env["HOME"] = str(self.home)

    def command(self, *words):
        return [*self.become, str(PROGRAMS / words[0]), *map(str, words[1:])]

    def run(self, *words, **more):
        return subprocess.run(self.command(*words), env=self.env,
                              capture_output=True, timeout=60, text=True,
                              **more)

    def start(self, *words):
        return subprocess.Popen(self.command(*words), env=self.env,
                                stdin=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def is_refused(self, why):
        """One line, with all of that in it."""
        done = self.run("esdctl", "serverinfo")
        check(done.returncode == 1 and done.stderr.count("\n") == 1 and
              re.search(why, done.stderr), f"user {self.number}: {done}")
        print(f"user {self.number}: {done.stderr.strip()}")


class Daemon:
    """What somebody starts for all; root, unless somebody else is named."""

    def __init__(self, *options, env=None, become=(), fds=(), log="/tmp/log"):
        self.log_file = pathlib.Path(log)
        home = pathlib.Path("/tmp/state")
        home.mkdir(exist_ok=True)
        cookie = home / ".esd_auth"
        cookie.write_bytes(KEY)
        cookie.chmod(0o600)
        give(home, USER)
        self.env = {**os.environ, "HOME": str(home), **(env or {})}
        for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "NOTIFY_SOCKET"):
            self.env.pop(name, None)
        with open(self.log_file, "w") as log:
            self.process = subprocess.Popen(
                [*become, str(PROGRAMS / "esdmixd"), "--config", "/dev/null",
                 "--system", *map(str, options)], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=fds)
        until("it is ready or has ended", lambda: "ready on" in self.log() or
              self.process.poll() is not None, 30)

    def log(self):
        return self.log_file.read_text()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.log(), file=sys.stderr)
        self.process.terminate()
        status = self.process.wait(30)
        if kind is None:
            check(status == 0, f"it ended with {status}: {self.log()}")


def status_of(pid, what):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [int(word) for word in
            re.search(rf"^{what}:(.*)$", text, re.MULTILINE)[1].split()]


def dropped(daemon):
    """Nothing of root is left, and what it made is the user's."""
    pid = daemon.process.pid
    check(status_of(pid, "Uid") == 4 * [USER] and
          status_of(pid, "Gid") == 4 * [GROUP], "it runs as somebody else")
    groups = {GROUP}
    with contextlib.suppress(KeyError):
        groups.add(grp.getgrnam("audio").gr_gid)
    check(set(status_of(pid, "Groups")) == groups,
          f"its groups: {status_of(pid, 'Groups')}")
    for path in SYSTEM, LEGACY:
        own, above = path.stat(), path.parent.stat()
        check(own.st_uid == USER and own.st_gid == GROUP and
              stat.S_IMODE(own.st_mode) == 0o660, f"{path}: {own}")
        check(above.st_uid == USER and stat.S_IMODE(above.st_mode) == 0o755,
              f"{path.parent}: {above}")
    check(not pathlib.Path(f"/tmp/.esd-{USER}").exists(), "a user's own place")
    print("root became the user, with the cards' group")


HIGH = 512  # one user plays multiples of it, the other what is below it


def taken_apart(card):
    """What each of the two has played, without the silence around it and where
    a busy machine kept it waiting; and whether both were heard at once."""
    low = [sample % HIGH for sample in words(card.played())]
    high = [sample - sample % HIGH for sample in words(card.played())]
    return (list(filter(None, high)), list(filter(None, low)),
            any(a and b for a, b in zip(high, low)))


def exact_sum(card, one, other):
    """Each sample of the mix is one's and the other's, at once."""
    above = [HIGH * (1 + i % 40) for i in range(RATE // 2)]
    below = [1 + i % (HIGH - 1) for i in range(2 * 5000)]
    ended = threading.Event()
    first = one.start("esdcat", "-r", RATE, "-n", "first")
    written = []

    def feed():
        while not ended.is_set():
            first.stdin.write(raw(above))
            written.extend(above)
        first.stdin.close()
    feeder = threading.Thread(target=feed)
    feeder.start()
    until("one is heard", lambda: any(card.played()), 30)
    plays = 0
    while plays < 20 and not taken_apart(card)[2]:
        second = other.start("esdcat", "-r", RATE, "-n", "second")
        if plays == 0:
            until("both are listed", lambda: listed(one) == {
                ("first", one.number), ("second", other.number)}, 30)
        second.communicate(raw(below), timeout=60)
        check(second.returncode == 0, "esdcat failed")
        plays += 1
        until("it is out", lambda: len(taken_apart(card)[1]) ==
              plays * len(below), 30)
    ended.set()
    feeder.join()
    check(first.wait(60) == 0, "esdcat failed")
    until("all is out", lambda: len(taken_apart(card)[0]) >= len(written), 30)
    check(taken_apart(card) == (written, plays * below, True),
          "the mix is not the sum of what both have sent")
    print(f"two users at once: the exact sum, after {plays}")


def listed(person):
    """{(name, uid)} of the streams."""
    done = person.run("esdctl", "--json", "list")
    check(done.returncode == 0, f"esdctl list: {done}")
    return {(one["name"], one["uid"]) for one in json.loads(done.stdout)}


def number_of(person, name):
    return next(str(one["id"]) for one in
                json.loads(person.run("esdctl", "--json", "list").stdout)
                if one["name"] == name)


ASK = """if True:
    import socket, struct, sys
    numbers = [int(word) for word in sys.argv[2:]]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(sys.argv[1])
        client.sendall(bytes(16) + struct.pack(f"={1 + len(numbers)}i",
                                               0x454E444E, *numbers))
        answers = client.makefile("rb").read(8)
        print(struct.unpack("=2i", answers)[1])
"""


def asks(person, opcode, *fields):
    """What the daemon answers to a request that no tool of ours makes."""
    done = subprocess.run(
        [*person.become, sys.executable, "-c", ASK, str(SYSTEM),
         *map(str, (opcode, *fields))], env=person.env, capture_output=True,
        timeout=60, text=True)
    check(done.returncode == 0, f"request {opcode}: {done}")
    return int(done.stdout)


def rights(daemon, one, other):
    """What a member may do with another's stream, and with the daemon."""
    player = one.start("esdcat", "-n", "mine")
    until("it plays", lambda: listed(other) == {("mine", one.number)}, 30)
    number = number_of(other, "mine")
    done = other.run("esdctl", "volume", "mine", "50%")
    check(done.returncode == 0, f"volume: {done}")
    done = other.run("esdctl", "kill", number)
    check(done.returncode == 1 and "another user's" in done.stderr,
          f"killed by another user: {done}")
    check(listed(other) == {("mine", one.number)}, "it is gone")
    check(asks(other, STREAM_HOLD, number, 1) == 0, "held by another user")
    for held in 1, 0:
        check(asks(one, STREAM_HOLD, number, held) == 1, "not held")
    done = one.run("esdctl", "kill", number)
    check(done.returncode == 0, f"kill: {done}")
    player.communicate(timeout=30)
    until("it is gone", lambda: not listed(other), 30)
    done = other.run("esdctl", "standby")
    check(done.returncode == 1 and "has its key" in done.stderr,
          f"a member put it on standby: {done}")
    check(asks(other, SUSPEND, 0) == 0, "a member took the card away")
    other.run("esdfilt")
    check("STREAM_FILT: only root" in daemon.log(), "a member filters")
    print("a member: any volume, the end of its own streams, no standby, "
          "no suspending, no filter")


def shared(members, stranger):
    from card import Card

    card = Card("/tmp/card", rates=[RATE], formats=["S16_LE"], channels=[2])
    give("/tmp/card", USER)
    with contextlib.closing(card), Daemon(
            "-d", card.name, "-r", RATE, *LARGE, "--user", USER,
            "--socket-group", GROUP, env=card.env) as daemon:
        card.wait_event("start")
        dropped(daemon)
        exact_sum(card, *members)
        rights(daemon, *members)
        stranger.is_refused(rf"{SYSTEM} is not for us: Permission denied; join "
                            "the group")
        check(f"members of group {GROUP} are let in" in daemon.log(),
              "it does not say whom it lets in")
    check(not SYSTEM.exists() and not LEGACY.exists(), "sockets are left")


def old_programs(member):
    """Those of before 2005 look in one place; others where a link leads.  That
    the usual one is named, too, changes nothing."""
    with Daemon("-d", "null", "--user", USER, "--socket-group", GROUP,
                "--socket", SYSTEM):
        link = pathlib.Path(f"/tmp/.esd-{member.number}")
        link.symlink_to(LEGACY.parent)
        for path in LEGACY, link / "socket":
            done = member.run("esdctl", "-s", f"unix:{path}", "serverinfo")
            check(done.returncode == 0, f"{path}: {done}")
        link.unlink()
    print("/tmp/.esd, and a link to it: found")


def everybody(stranger):
    with Daemon("-d", "null", "--user", USER, "--socket-group", GROUP,
                "--socket-mode", "0666"):
        done = stranger.run("esdctl", "serverinfo")
        check(done.returncode == 0, f"mode 0666, a stranger: {done}")
        check(stat.S_IMODE(SYSTEM.stat().st_mode) == 0o666, "not 0666")
    print("mode 0666: whoever comes")


def nobody_else(member):
    """Nor has it anything of root's that started it."""
    home = pathlib.Path("/tmp/home-root")
    home.mkdir(mode=0o700)
    with Daemon("-d", "null", "--user", USER, "--socket-group", GROUP,
                "--socket-mode", "0600",
                env={"HOME": str(home),
                     "DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/bus"}) as \
            daemon:
        member.is_refused("Permission denied")
        maps = pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text()
        check("libdbus" not in maps, "it is on root's bus")
        key = STATE / ".esd_auth"
        check(key.stat().st_uid == USER and not list(home.iterdir()),
              "its key is not its own")


def given(member, stranger):
    """A manager's socket that all may connect to: the daemon itself looks."""
    SYSTEM.parent.mkdir(exist_ok=True)
    SYSTEM.parent.chmod(0o755)
    os.chown(SYSTEM.parent, 0, 0)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(SYSTEM))
        SYSTEM.chmod(0o666)
        listener.listen(64)
        become = ["sh", "-c", f"exec 3<&{listener.fileno()}; LISTEN_PID=$$ "
                  'LISTEN_FDS=1 exec "$@"', "sh", "setpriv",
                  f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"]
        with Daemon("-d", "null", become=become,
                    fds=[listener.fileno()]) as daemon:
            check(f"ready on {SYSTEM}" in daemon.log(), daemon.log())
            done = member.run("esdctl", "serverinfo")
            check(done.returncode == 0, f"a member: {done}")
            stranger.is_refused("refuses our key; .*join the daemon's "
                                "socket-group")
            lines = [line for line in daemon.log().splitlines()
                     if f"uid {stranger.number}" in line]
            check(len(lines) == 1 and "key" in lines[0], f"{lines}")
            print(f"daemon: {lines[0]}")
    check(SYSTEM.exists(), "the manager's socket was removed")
    SYSTEM.unlink()


def impostor(member, stranger):
    """Who is in the old place first gets no key of ours."""
    stranger_dir = LEGACY.parent
    stranger_dir.mkdir()
    os.chown(stranger_dir, stranger.number, stranger.number)
    own = subprocess.Popen(
        [*stranger.become, sys.executable, "-c",
         "import socket, sys, os\n"
         "s = socket.socket(socket.AF_UNIX)\n"
         f"s.bind('{LEGACY}')\nos.chmod('{LEGACY}', 0o777)\n"
         f"os.chmod('{stranger_dir}', 0o755)\n"
         "s.listen(8)\nprint(flush=True)\nsys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    own.stdout.readline()
    member.is_refused(f"{LEGACY} is another user's")
    with Daemon("-d", "null", "--user", USER, "--socket-group",
                GROUP) as daemon:
        check(f"{stranger_dir}: belongs to user {stranger.number}" in
              daemon.log(), daemon.log())
        check(member.run("esdctl", "serverinfo").returncode == 0,
              "the right one is not found")
    own.communicate(timeout=30)
    LEGACY.unlink()
    stranger_dir.rmdir()
    print("an impostor in /tmp: passed over")


def refusals():
    """One line each, and status 1."""
    for options, said in (
            (("--user", "no-such-user"), ("no user no-such-user",
                                          "systemd-sysusers", "useradd")),
            (("--user", USER), (str(USER), "socket-group")),
            (("--user", USER, "--socket-group", "no-such-group"),
             ("no group no-such-group", "groupadd")),
            (("--user", "root"), ("root is root", "a user of its own")),
            (("--user", 0), ("0 is root", "a user of its own"))):
        daemon = Daemon("-d", "null", *options)
        check(daemon.process.wait(30) == 1 and daemon.log().count("\n") == 1 and
              all(word in daemon.log() for word in said), daemon.log())
        print(daemon.log().strip())
    with Daemon("-d", "null", "--user", USER, "--socket-group", GROUP):
        second = Daemon("-d", "null", "--user", USER, "--socket-group", GROUP,
                        log="/tmp/log2")
        check(second.process.wait(30) == 1 and
              "another server answers" in second.log(), second.log())
    # Not root, and without a manager: it cannot have that place.
    SYSTEM.parent.rmdir()
    daemon = Daemon("-d", "null", become=[
        "setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"])
    check(daemon.process.wait(30) == 1 and "/run/esdmixd: cannot be made" in
          daemon.log(), daemon.log())
    print(daemon.log().strip())


def main():
    if os.geteuid() != 0:
        print("left out: takes root, to be other users")
        sys.exit(SKIPPED)
    enter(__file__, "/tmp", "/run", "/var/lib", network=True)
    for number in (USER, MEMBER, OTHER_MEMBER, STRANGER):
        with contextlib.suppress(KeyError):
            pwd.getpwuid(number)
            print(f"left out: there is a user {number}")
            sys.exit(SKIPPED)
    for place in "/run", "/var/lib":
        os.chmod(place, 0o755)
    PROGRAMS.mkdir()
    subprocess.run(["mount", "--bind", str(BUILD), str(PROGRAMS)], check=True)
    os.environ["ESDMIXD_BUILDDIR"] = str(PROGRAMS)
    one, other = Person(MEMBER, GROUP), Person(OTHER_MEMBER, primary=GROUP)
    stranger = Person(STRANGER)
    shared((one, other), stranger)
    old_programs(one)
    everybody(stranger)
    nobody_else(one)
    given(one, stranger)
    impostor(one, stranger)
    refusals()


if __name__ == "__main__":
    main()
