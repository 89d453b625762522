#!/usr/bin/env python3
"""The daemon is killed while programs play: where it is started again they
find it and go on, where it is not they end with an error, none hangs."""

import signal

import alsa
from alsa import CARD, FRAME, RATE
from daemon import BUILD, check, on_card, together, until


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()


def start(daemon, case="surviving"):
    """The program, once it plays."""
    player = alsa.start(alsa.environment(daemon), "stdbuf", "-oL",
                        BUILD / "tests/alsa/answers", "esd", case)
    while (line := player.stdout.readline()) != b"plays\n":
        check(line == b"Broken pipe\n", f"it says {line}")  # and was late
    return player


def numbers(card, begin):
    frames = memoryview(card.played()[begin * FRAME:]).cast("I")
    return [frame for frame in frames if frame]


def comes_back():
    """Its frames are heard in their order, before and afterwards, to the
    last; those that the daemon took with it are not, nor those for which the
    new one had no card yet."""
    with on_card(*CARD) as (daemon, card):
        begin = card.frames()
        player = start(daemon)
        kill(daemon)
        daemon.start()
        before = len(numbers(card, begin))
        until("it is heard again", lambda: len(numbers(card, begin)) >
              before + 4096, alsa.PATIENCE)
        player.terminate()
        out, _ = alsa.finish(player)
        said = out.decode().splitlines()
        check("Broken pipe" in said and said[-1].endswith(" frames"),
              f"it says {said}")
        last = int(said[-1].split()[0])
        until("the last frame is heard",
              lambda: numbers(card, begin)[-1:] == [last], alsa.PATIENCE)
        got = numbers(card, begin)
        gaps = [(a, b) for a, b in zip(got, got[1:]) if b != a + 1]
        check(got[0] == 1 and len(gaps) == 1 and gaps[0][1] > gaps[0][0],
              f"{len(got)} of {last} frames, gaps {gaps}")
        print(f"a daemon that came back: {len(got)} of {last} frames")


def stays_away():
    with on_card(*CARD) as (daemon, _):
        player = start(daemon)
        kill(daemon)
        _, err = alsa.finish(player, status=1)
        check(b"No such device" in err, f"it says {err}")
        daemon.start()  # so that it can be stopped


def aplay(again):
    """The same with aplay, which knows nothing of us."""
    with on_card(*CARD) as (daemon, card):
        path = daemon.dir / "sound.raw"
        path.write_bytes(b"\1\2\3\4" * RATE * (1 if again else 20))
        begin = card.frames()
        player = alsa.start(alsa.environment(daemon), "aplay", "-D", "esdmix",
                            *alsa.raw_options(), path)
        until("aplay is heard", lambda: numbers(card, begin))
        kill(daemon)
        if again:
            daemon.start()
        _, err = alsa.finish(player, status=None)
        check(player.returncode == (0 if again else 1),
              f"aplay ended with {player.returncode}: {err}")
        check(again or b"No such device" in err, f"aplay says {err}")
        if not again:
            daemon.start()


def recorder(again):
    with on_card(*CARD) as (daemon, _):
        path = daemon.dir / "rec.raw"
        player = alsa.start(alsa.environment(daemon), "arecord", "-D", "esd",
                            *alsa.raw_options(), "-s",
                            str(RATE if again else 20 * RATE), path)
        until("something is recorded",
              lambda: path.exists() and path.stat().st_size > 0)
        kill(daemon)
        if again:
            daemon.start()
        _, err = alsa.finish(player, status=None)
        check(player.returncode == (0 if again else 1),
              f"arecord ended with {player.returncode}: {err}")
        if again:
            check(path.stat().st_size >= RATE * FRAME, "too little")
        else:
            daemon.start()


def main():
    alsa.need("aplay", "arecord", "stdbuf")
    together(comes_back, stays_away, *(
        lambda case=case, again=again: case(again)
        for case in (aplay, recorder) for again in (True, False)))


if __name__ == "__main__":
    main()
