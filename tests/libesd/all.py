#!/usr/bin/env python3
"""Every function of libesd.so.0, called by programs that were compiled against
our esd.h ("all") and against the original's facts alone ("facts"), in 64 and
where they were built in 32 bits ("all32", "facts32"); against the daemon, and
against a server that is not ours.

LIBESD_PROGRAMS: where those programs are; else tests/libesd in the build
directory.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from daemon import BUILD, Daemon, check, together  # noqa: E402
from peer import KEY, Peer  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("LIBESD_PROGRAMS",
                                       BUILD / "tests/libesd")).resolve()
FAULTS = ("mute", "deaf", "refuse", "half", "endless", "slow")


def environment(home, socket):
    env = {name: value for name, value in os.environ.items()
           if name not in ("AUDIODEV", "DISPLAY", "XDG_RUNTIME_DIR")
           and not name.startswith("ESD_")}
    env.update(HOME=str(home), ESPEAKER=f"unix:{socket}", ESD_NO_SPAWN="1")
    return env


def run(program, *words, env, cwd):
    """By qemu where the kernel takes no 32-bit programs; None: not at all."""
    for launcher in ((), ("qemu-i386",)):
        try:
            return subprocess.run([*launcher, str(program), *words], env=env,
                                  cwd=cwd, capture_output=True, timeout=60,
                                  text=True)
        except OSError:
            pass
    return None


def all_of(program, where, env, cwd, groups=()):
    done = run(program, *groups, env=env, cwd=cwd)
    check(done.returncode == 0,
          f"{program.name} against {where}: {done.returncode}\n"
          f"{done.stdout}{done.stderr}")
    # Nobody but esd_print_server_info() wrote to standard output.
    check(all(line.startswith("server ") for line in done.stdout.splitlines()),
          f"{program.name} against {where} printed:\n{done.stdout}")


def home_of(directory):
    home = pathlib.Path(directory)
    (home / ".esd_auth").write_bytes(KEY)
    (home / ".esd_auth").chmod(0o600)
    return home


def names(program, directory):
    """What AUDIODEV makes of the Unix socket's name."""
    uid = os.getuid()
    for device, middle in (("", ""), ("2", "2"), ("/dev/dsp1", "/dsp1"),
                           ("x" * 500, "")):
        env = dict(environment(directory, "/nowhere"), AUDIODEV=device)
        done = run(program, "names", env=env, cwd=directory)
        wanted = f"/tmp/.esd{middle}-{uid}"
        check(done.stdout == f"{wanted}\n{wanted}/socket\n",
              f"AUDIODEV={device[:20]} gives {done.stdout!r}")


def faults(program, directory, fault):
    """A server that misbehaves costs time, never a crash."""
    home = home_of(directory)
    path = home / "faulty.socket"
    with Peer(path, fault):
        env = environment(home, path)
        if fault == "slow":
            all_of(program, "a slow server", env, home, ("control",))
            return
        done = run(program, "info", env=env, cwd=home)
        check(done.returncode == 1, f"{program.name}: a server that is "
              f"{fault} gives {done.returncode}\n{done.stderr}")


def whole(program, groups):
    """Against both servers, in a home of its own."""
    if run(program, "names", env=None, cwd=None) is None:
        print(f"{program.name}: this kernel runs no 32-bit programs, and "
              "there is no qemu-i386: left out")
        return
    with tempfile.TemporaryDirectory(prefix="libesd-") as directory:
        home = home_of(directory)
        path = home / "peer" / "socket"
        env = environment(home, path)
        if "32" in program.name:
            env["NO_SNDFILE"] = "1"
        with Peer(path):
            all_of(program, "the peer", env, home, groups)
        names(program, home)
        with Daemon("null") as daemon:
            env = dict(env, HOME=str(daemon.dir),
                       ESPEAKER=f"unix:{daemon.socket}")
            all_of(program, "esdmixd", env, home, groups)
            if (PROGRAMS / "threads").exists():
                all_of(PROGRAMS / "threads", "esdmixd", env, home)


def faulty(program, fault):
    with tempfile.TemporaryDirectory(prefix="libesd-") as directory:
        faults(program, directory, fault)


def main():
    found = [PROGRAMS / name for name in ("all", "facts", "all32", "facts32")
             if (PROGRAMS / name).exists()]
    check(len(found) >= 2, f"no test programs in {PROGRAMS}")
    groups = sys.argv[1:]
    together(*(lambda fault=fault: faulty(PROGRAMS / "all", fault)
               for fault in FAULTS),
             *(lambda program=program: whole(program, groups)
               for program in found))


if __name__ == "__main__":
    main()
