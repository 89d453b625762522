#!/usr/bin/env python3
"""A key file that cannot be trusted: daemon and tools refuse it with one
line and exit status 1, and leave it as it is.  Where there is no place for
one, the tools' user is known by the socket."""

import os
import subprocess

from daemon import BUILD, KEY, Daemon, check

LOOSE = 0o640


def link(path):
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def loose(path):
    path.chmod(LOOSE)


def short(path):
    path.write_bytes(KEY[:15])


def directory(path):
    path.unlink()
    path.mkdir(mode=0o700)


def state(path):
    status = path.lstat()
    return (status.st_mode, status.st_size, status.st_ino)


def refuses(what, command, env, path):
    before = state(path)
    result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=10)
    lines = (result.stdout + result.stderr).decode().splitlines()
    check(result.returncode == 1, f"{what}: status {result.returncode}")
    check(len(lines) == 1 and str(path) in lines[0],
          f"{what}: not one line about the file: {lines}")
    check(state(path) == before, f"{what}: the file was changed")
    print(lines[0])


def homeless():
    with Daemon() as daemon:
        for tool, *more in (("esdctl", "serverinfo"), ("esdcat", "/dev/null")):
            result = subprocess.run(
                [str(BUILD / tool), "-s", f"unix:{daemon.socket}", *more],
                env={**daemon.env, "HOME": "/nonexistent/home"},
                stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
            check(result.returncode == 0, f"{tool}: {result.stderr}")
    print("without a home: let in")


def main():
    homeless()
    for spoil in (link, loose, short, directory):
        with Daemon() as daemon:
            path = daemon.dir / ".esd_auth"
            spoil(path)
            server = ["-s", f"unix:{daemon.socket}"]
            for tool, *more in (("esdctl", "serverinfo"),
                                ("esdcat", "/dev/null")):
                refuses(f"{tool}, {spoil.__name__}",
                        [str(BUILD / tool), *server, *more], daemon.env, path)
            other = daemon.dir / "other"
            refuses(f"esdmixd, {spoil.__name__}",
                    [str(BUILD / "esdmixd"), "-d", "null", "--socket",
                     str(other), "--no-legacy-sockets"], daemon.env, path)
            check(not os.path.exists(other), "a socket without a key")


if __name__ == "__main__":
    main()
