#!/usr/bin/env python3
"""mplayer, unmodified, keeps its pictures to the sound: the time at which it
shows each is compared with the one at which the card plays what belongs to
it.  ESDMIXD_LONG=1 makes it half a minute."""

import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time
import wave

import oss
from daemon import check, on_card
from oss import RATE, TRIES, Row, comes_out, finish, wrapped
from sound import first_sound, words

SECONDS = 30 if os.environ.get("ESDMIXD_LONG") == "1" else 3
PICTURES = 25  # a second
WIDTH, HEIGHT = 160, 120
PICTURE = b"FRAME\n" + bytes(WIDTH * HEIGHT * 3 // 2)
CARD = ("--period", 1024, "--periods", 8)
DRIFT = 0.020  # seconds, from the first second to the last
APART = 0.040  # on the whole: a picture's duration


def film(directory):
    """Black pictures, and noise: their paths."""
    video, audio = directory / "film.y4m", directory / "film.wav"
    with open(video, "wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{PICTURES}:1 Ip A1:1\n"
                   .encode())
        for _ in range(PICTURES * SECONDS):
            file.write(PICTURE)
    sound = random.Random(1).randbytes(4 * RATE * SECONDS)
    with wave.open(str(audio), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", None))
        file.writeframes(sound)
    return video, audio, sound


class Screen:
    """A pipe that the pictures are shown on, and when each was.

    They are long beside what the C library keeps back of a file, so half of
    one has come as soon as it is written.
    """

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self.shown = []  # seconds of time.monotonic()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        with open(self.path, "rb", buffering=0) as pipe:
            come = 0
            while data := pipe.read(65536):
                come += len(data)
                while come > (len(self.shown) + 0.5) * len(PICTURE):
                    self.shown.append(time.monotonic())


def differences(card, start, screen):
    """For each picture: how much later it was shown than heard."""
    first = first_sound(words(card.played()), start)
    result = []
    for number, shown in enumerate(screen.shown):
        heard = card.frame_time(first + number * RATE // PICTURES)
        if heard is None:
            break
        result.append(shown - heard / 1e9)
    return result


def show(directory):
    """In how many pieces its sound came, and the differences."""
    with on_card(*CARD, rate=RATE) as (daemon, card):
        video, audio, sound = film(directory)
        screen = Screen(directory / "screen")
        start = card.frames()
        finish(wrapped(daemon, "mplayer", "-really-quiet", "-nolirc",
                       "-noconsolecontrols", "-noautosub", "-ao", "oss", "-vo",
                       f"yuv4mpeg:file={screen.path}", "-audiofile", audio,
                       video), seconds=SECONDS + oss.PATIENCE)
        screen.thread.join(5)
        result = comes_out(daemon, card, start, sound)
        check(not isinstance(result, str), f"its sound: {result}")
        return result, differences(card, start, screen)


def keeps_time():
    for left in reversed(range(TRIES)):
        with tempfile.TemporaryDirectory(prefix="esdmixd-clock-") as name:
            count, late = show(pathlib.Path(name))
        # A gap that a busy machine made would shift all that follows.
        if count == 1:
            break
        check(left, f"its sound came in {count} pieces, {TRIES} times")
    check(len(late) > PICTURES * (SECONDS - 1), f"only {len(late)} pictures")
    # The first second is mplayer's own start.
    begin = statistics.median(late[PICTURES:2 * PICTURES])
    end = statistics.median(late[-PICTURES:])
    said = (f"{1000 * (end - begin):+.1f} ms in {SECONDS} s, pictures "
            f"{1000 * statistics.median(late):+.1f} ms from the sound")
    print(said, f"(from {1000 * min(late):+.1f} to {1000 * max(late):+.1f})",
          file=sys.stderr)
    check(abs(end - begin) < DRIFT and abs(begin) < APART, said)
    return f"drift {said}"


def main():
    oss.run_rows((Row("mplayer -ao oss film", "mplayer", "preload 64",
                      "every frame; the time of each picture, with the card's "
                      "of its sound", ("mplayer",)), keeps_time))


if __name__ == "__main__":
    main()
