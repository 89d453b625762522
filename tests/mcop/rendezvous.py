#!/usr/bin/env python3
"""Where aRts clients look for the daemon: made, replaced, refused, removed."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

from mcop import Client, Peer, find, reference

from daemon import BUILD, Daemon, check, until

FILES = {"Arts_SoundServerV2", "Arts_SoundServer", "Arts_SimpleSoundServer",
         "Arts_PlayObjectFactory"}
HOST = socket.gethostname()
USER = pwd.getpwuid(os.getuid()).pw_name


@contextlib.contextmanager
def place(login=None):
    """An environment for a daemon, and where it will look."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-mcop-") as name:
        top = pathlib.Path(name)
        login = login or top.name
        mcop = pathlib.Path(f"/tmp/mcop-{login}")
        env = {"LOGNAME": login, "KDEHOME": str(top / "kde"),
               "KDEROOTHOME": str(top / "kde"), "KDETMP": name}
        try:
            yield top, mcop, env
        finally:
            if mcop.is_symlink() or mcop.is_file():
                mcop.unlink()
            shutil.rmtree(mcop, ignore_errors=True)


def published(daemon):
    until("it is published", lambda: daemon.log_lines("found by its programs"))


def every_place():
    """Of each generation; all there while it runs, nothing afterwards."""
    with place("j\u00f6 e.x") as (top, raw, env):
        escaped = pathlib.Path("/tmp/mcop-j=C3=B6=20e=2Ex")
        daemon = Daemon("null", env=env)
        published(daemon)
        link = top / "kde" / f"socket-{HOST}"
        check(os.readlink(link) == f"{top}/ksocket-{USER}", "the link")
        texts = set()
        for directory in (escaped, raw, link.resolve()):
            status = directory.lstat()
            check(stat.S_ISDIR(status.st_mode) and
                  status.st_mode & 0o777 == 0o700 and
                  status.st_uid == os.getuid(), f"{directory}: {status}")
            there = set(os.listdir(directory))
            check(FILES < there and "secret-cookie" in there, str(there))
            cookie = (directory / "secret-cookie").read_bytes()
            check(len(cookie) == 32 and int(cookie, 16) >= 0, str(cookie))
            for name in FILES:
                Peer(daemon, name, directory=directory).hold()
                texts.add((directory / name).read_text())
        check(len(texts) == 1, "different references")
        daemon.stop()
        for path in (escaped, raw, top / f"ksocket-{USER}", top / "kde"):
            check(not path.exists(), f"{path} is left")
    print("three directories, while it runs")


def what_is_there():
    """A cookie is kept, others' files are left, a dangling link is followed."""
    with place() as (top, mcop, env):
        mcop.mkdir(mode=0o700)
        (mcop / "secret-cookie").write_bytes(b"c" * 32)
        (mcop / "artsd-samples").mkdir()
        (top / "kde").mkdir()
        link = top / "kde" / f"socket-{HOST}"
        link.symlink_to(f"{top}/ksocket-{USER}A1b2")
        daemon = Daemon("null", env=env)
        published(daemon)
        check((mcop / "secret-cookie").read_bytes() == b"c" * 32, "cookie")
        check(FILES < set(os.listdir(link)), "not behind the link")
        daemon.stop()
        check(set(os.listdir(mcop)) == {"secret-cookie", "artsd-samples"},
              str(os.listdir(mcop)))
        check(link.is_symlink() and not link.exists(), "the link")
    print("a cookie, a sample store and a link are kept")


def made_anew():
    """A link that somebody else has put in the place of ours is left."""
    with place() as (top, mcop, env):
        daemon = Daemon("null", env=env)
        published(daemon)
        link = top / "kde" / f"socket-{HOST}"
        link.unlink()
        link.symlink_to(f"{top}/ksocket-{USER}another")
        daemon.stop()
        check(os.readlink(link).endswith("another"), "the link")
    print("a link of somebody else stays")


def refused(what, prepare, *said):
    """One line about it, and ESD goes on."""
    with place() as (top, mcop, env):
        kept = prepare(top, mcop)
        with Daemon("null", env=env) as daemon:
            until("it says so", lambda: daemon.log_lines(
                "aRts programs are not served there"))
            lines = daemon.log_lines("warn", str(kept or mcop))
            check(len(lines) == 1 and all(word in lines[0] for word in said),
                  daemon.log())
            check(daemon.client().server_info()[2] == 0x21, "ESD is gone")
            # The other place is there all the same.
            Peer(daemon, directory=top / f"ksocket-{USER}" if kept is None
                 else mcop).hold()
        print(f"{what}: {lines[0]}")


def others():
    def of_another(top, mcop):
        mcop.mkdir(mode=0o700)
        os.chown(mcop, 65534, 65534)

    def a_link(top, mcop):
        (top / "elsewhere").mkdir(mode=0o700)
        mcop.symlink_to(top / "elsewhere")

    def a_file(top, mcop):
        mcop.write_text("")

    def open_to_others(top, mcop):
        mcop.mkdir()
        mcop.chmod(0o755)

    def leads_elsewhere(top, mcop):
        (top / "kde").mkdir()
        link = top / "kde" / f"socket-{HOST}"
        link.symlink_to("/tmp")
        return link

    if os.getuid() == 0:
        refused("somebody else's", of_another, "65534", "removed")
    refused("a link", a_link, "link")
    refused("a file", a_file, "no directory")
    refused("open to others", open_to_others, "0755", "chmod")
    refused("a link elsewhere", leads_elsewhere, "elsewhere")


def crashed():
    """What a killed daemon left is replaced; links are never followed."""
    with place() as (top, mcop, env):
        victim = top / "victim"
        victim.write_text("precious" * 4)  # as long as a cookie
        first = Daemon("null", env=env)
        published(first)
        before = find(first)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        check(FILES < set(os.listdir(mcop)), "it cleared away")
        (mcop / "Arts_SoundServer").unlink()
        (mcop / "Arts_SoundServer").symlink_to(victim)
        (mcop / "Arts_SoundServerV2.new").symlink_to(victim)
        (mcop / "secret-cookie").unlink()
        (mcop / "secret-cookie").symlink_to(victim)
        (mcop / "Arts_PlayObjectFactory").write_text("rubbish\n")
        second = Daemon("null", env=env)
        published(second)
        check(find(second)[0] != before[0], "the same name again")
        Client(second).leave()
        check(not os.path.exists(before[2][0].removeprefix("unix:")),
              "the dead one's socket")
        check(not (mcop / "secret-cookie").is_symlink() and
              len((mcop / "secret-cookie").read_bytes()) == 32, "the cookie")
        check(victim.read_text() == "precious" * 4, "a link was followed")
        second.stop()
        check(not mcop.exists(), f"{mcop} is left")
        shutil.rmtree(first.dir)
    print("what a killed one left is replaced")


def alive():
    """Another server's place is left alone: ours, or an original."""
    with place() as (top, mcop, env):
        with Daemon("null", env=env) as first:
            published(first)
            text = (mcop / "Arts_SoundServer").read_text()
            with Daemon("null", env=env) as second:
                until("it says so", lambda: second.log_lines(
                    "another esdmixd", str(mcop)))
                second.client().close()
            check((mcop / "Arts_SoundServer").read_text() == text, "stolen")
            Client(first).leave()
    with place() as (top, mcop, env):
        mcop.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as original:
            original.bind(str(mcop / "old"))
            original.listen()
            text = "MCOP-Object:" + reference(
                "old-1-1", 28, [f"unix:{mcop}/old"]).hex()
            (mcop / "Arts_SimpleSoundServer").write_text(text)
            with Daemon("null", env=env) as daemon:
                until("it says so", lambda: daemon.log_lines(
                    "another sound server answers"))
            check((mcop / "Arts_SimpleSoundServer").read_text() == text,
                  "stolen")
    print("a living server's place is left alone")


def at_once():
    """Many start at once: one has the place, whoever it is, and it is whole."""
    with place() as (top, mcop, env):
        daemons = []
        for i in range(6):
            home = top / str(i)
            home.mkdir()
            command = [str(BUILD / "esdmixd"), "-d", "null", "--socket",
                       str(home / "sock" / "s"), "--no-legacy-sockets"]
            with open(home / "log", "wb") as log:
                daemons.append((subprocess.Popen(command, env=dict(
                    os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home),
                    XDG_STATE_HOME=str(home), **env),
                    stdout=log, stderr=log), home / "log"))

        def settled():
            logs = [log.read_text() for _, log in daemons]
            return all("found by its programs" in log or
                       "not served there" in log for log in logs) and logs

        try:
            logs = until("all have looked", settled)
            check(sum("found by its programs in" in log
                      for log in logs) == 1, "\n".join(logs))
            check(any(f"found by its programs in {mcop}" in log
                      for log in logs), "\n".join(logs))
            text = (mcop / "Arts_SoundServer").read_text()
            check({(mcop / name).read_text() for name in FILES} == {text},
                  "a mixture")
        finally:
            for process, _ in daemons:
                process.terminate()
                check(process.wait(10) == 0, "it fails")
        check(not mcop.exists(), f"{mcop} is left")
    print("of six at once, one is found")


def without():
    with place() as (top, mcop, env):
        with Daemon("null", "--no-arts", env=env) as daemon:
            daemon.client().close()
            check(not mcop.exists() and not (top / "kde").exists(), "made")
    print("--no-arts: nothing is made")


def main():
    every_place()
    what_is_there()
    made_anew()
    others()
    crashed()
    alive()
    at_once()
    without()


if __name__ == "__main__":
    main()
