#!/usr/bin/env python3
"""What few programs do with a PCM, and what few daemons do to them: none of
it ends a program, hangs it, wakes it for nothing or plays what it should
not."""

import contextlib
import signal
import subprocess
import threading
import time

import alsa
from daemon import BUILD, LARGE, Daemon, check, on_card, together, until

FAR = "pcm.far { type esd ahead 1000 }"
TRIES = 5
LATE = 75  # of tests/alsa/tools.h
PERIODS = 0.1  # seconds, of some in which a stream that is killed goes
SLOWLY = 0.05  # seconds, of the one that a daemon is waited for


def restart(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.start()


def restart_slowly(daemon):
    """It is away when this returns, and comes back."""
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.starter = threading.Timer(SLOWLY, daemon.start)
    daemon.starter.start()


def replace(daemon):
    """Its stream's number is another's afterwards."""
    with daemon.client() as asker:
        number = asker.player(b"faults")[0]
    restart(daemon)
    daemon.other = daemon.client().play(name=b"other")
    with daemon.client() as asker:
        until("another plays", lambda: asker.player(b"other"))
        check(asker.player(b"other")[0] == number, "its number is its own")


def look(daemon):
    time.sleep(PERIODS)
    with daemon.client() as asker:
        check(asker.player(b"other"), "the other is gone, too")
    daemon.other.close()


WISHES = {
    b"look\n": look,
    b"replace\n": replace,
    b"stop\n": lambda daemon: daemon.process.send_signal(signal.SIGSTOP),
    b"continue\n": lambda daemon: daemon.process.send_signal(signal.SIGCONT),
    b"restart\n": restart,
    b"restart slowly\n": restart_slowly,
}


def run(daemon, case, pcm):
    """Does what it asks for; its other lines, or None where it was late."""
    program = alsa.start(alsa.environment(daemon, more=FAR),
                         BUILD / "tests/alsa/faults", pcm, case,
                         stdin=subprocess.PIPE)
    lines = []
    try:
        for line in program.stdout:
            wish = WISHES.get(line)
            if wish:
                wish(daemon)
                program.stdin.write(b"done\n")
                program.stdin.flush()
            else:
                lines.append(line)
        _, err = alsa.finish(program, status=None)
    finally:
        if case.startswith("start-while-away"):
            daemon.starter.join()
        daemon.process.send_signal(signal.SIGCONT)
    check(program.returncode in (0, LATE),
          f"{case} ended with {program.returncode}: {err}")
    print(f"{case}: {'late' if program.returncode else 'fine'}")
    return None if program.returncode else lines


def case_on(make, name, pcm="esd"):
    def attempt():
        with make() as daemon:
            return run(daemon, name, pcm) is not None

    return lambda: check(any(attempt() for _ in range(TRIES)),
                         f"{name}: was late {TRIES} times")


@contextlib.contextmanager
def card():
    with on_card(*LARGE) as (daemon, _):
        yield daemon


def polled():
    """Every frame at the card, once and in its order."""
    with on_card(*LARGE) as (daemon, card):
        begin = card.frames()
        lines = run(daemon, "poll-meanwhile", "esd")
        want = list(range(1, int(lines[0]) + 1))

        def got():
            return alsa.loud(card.played()[begin * alsa.FRAME:])

        until("all of it is at the card", lambda: len(got()) >= len(want),
              alsa.PATIENCE)
        alsa.same("polled meanwhile", got(), want)


def main():
    names = ("ask-early", "ask-early-recording", "set-blank",
             "drop-while-draining", "open-nonblocking", "lose-forked",
             "drop-of-another", "restart-prepared", "start-while-away",
             "start-while-away-recording")
    together(polled, case_on(card, "flush"),
             case_on(Daemon, "fill-stopped", "far"),
             *(case_on(Daemon, name) for name in names))


if __name__ == "__main__":
    main()
