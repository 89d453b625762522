"""The virtual card itself, played and recorded by alsa-utils."""

import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from card import Card
from daemon import check, together

PATIENCE = 10
FORMATS = {"S16_LE": 4, "S24_3LE": 6, "S32_LE": 8}  # bytes of a frame


def noise(frames, frame_bytes=4, seed=1):
    return random.Random(seed).randbytes(frames * frame_bytes)


def start(card, program, *options, data=b""):
    command = [program, "-q", "-D", card.name, *options]
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return subprocess.Popen(
            command, env={**os.environ, **card.env}, stdin=file,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err.decode()


def raw(form="S16_LE", rate=48000, channels=2):
    return ["-t", "raw", "-f", form, "-r", str(rate), "-c", str(channels)]


def bit_identical(make, access, form):
    frame_bytes = FORMATS[form]
    card = make()
    data = noise(24000, frame_bytes)
    before = time.monotonic_ns()
    options = ["-M"] if access == "mmap" else []
    status, _, err = finish(start(card, "aplay", *raw(form), *options,
                                  data=data))
    check(status == 0, f"aplay {access} {form}: {err}")
    params = card.wait_event("params").detail
    check(params["access"] == access, f"access {params}")
    got = card.played()
    # aplay fills its last period with silence
    check(got[:len(data)] == data, f"{access} {form}: not what was written")
    check(not any(got[len(data):]), f"{access} {form}: noise at the end")
    first, last = card.frame_time(0), card.frame_time(23999)
    check(first > before, "played before it was written")
    check(abs(last - first - 23999 * 10**9 // 48000) < 100000,
          f"24000 frames took {(last - first) / 1e6} ms")


def capture(make, form, width):
    card = make()
    status, out, err = finish(start(card, "arecord", *raw(form), "-s", "70000"
                                    if form == "S16_LE" else "5000"))
    check(status == 0, f"arecord {form}: {err}")
    for i, at in enumerate(range(0, len(out), 2 * width)):
        left = int.from_bytes(out[at:at + width], "little")
        right = int.from_bytes(out[at + width:at + 2 * width], "little")
        shift = 8 * (width - 2)
        check(left == (i & 0xffff) << shift and right == i >> 16 << shift,
              f"{form}: frame {i} is {left:x} {right:x}")
    check(len(out) >= 5000 * 2 * width, f"{len(out)} bytes captured")


def refusals(make):
    card = make()
    card.busy()
    status, _, err = finish(start(card, "aplay", *raw(), data=b""))
    check(status == 1 and "busy" in err, f"busy: {err}")
    card.busy(False)
    card.unplug()
    status, _, err = finish(start(card, "aplay", *raw(), data=b""))
    check(status == 1 and "No such device" in err, f"unplugged: {err}")
    card.replug()
    first = start(card, "aplay", *raw(), data=noise(9600))
    card.wait_event("start")
    status, _, err = finish(start(card, "aplay", *raw(), data=b""))
    check(status == 1 and "busy" in err, f"taken: {err}")
    check(finish(first)[0] == 0, "the first one was disturbed")


def unplugging(make):
    card = make()
    process = start(card, "aplay", *raw(), data=noise(96000))
    card.wait_event("start")
    card.unplug()
    _, _, err = finish(process)
    check("No such device" in err, f"unplugged: {err}")
    card.wait_event("unplugged")
    check(card.frames() < 20000, "went on playing")


def underrun(make):
    card = make()
    process = start(card, "aplay", *raw(), data=noise(48000))
    card.wait_event("start")
    card.xrun()
    _, _, err = finish(process)
    card.wait_event("xrun")
    check("underrun" in err, f"no underrun told: {err}")


def suspending(make):
    card = make()
    data = noise(48000)
    process = start(card, "aplay", *raw(), data=data)
    card.wait_event("start")
    card.suspend(100)
    card.wait_event("suspend")
    _, _, err = finish(process)
    resumed = card.wait_event("resume")
    check(resumed.ns - card.wait_event("suspend").ns >= 90 * 10**6,
          "resumed too early")
    check(card.played()[:len(data)] == data, f"lost sound: {err}")


def stalling(make):
    card = make()
    data = noise(15000)
    process = start(card, "aplay", *raw(), data=data)
    card.wait_event("start")
    card.stall()
    stalled = card.wait_event("stall")
    frames = card.frames()
    time.sleep(0.1)  # for that long nothing may move
    check(card.frames() == frames, "moved while it was stalled")
    card.stall(False)
    again = card.wait_event("unstall")
    check(finish(process)[0] == 0, "aplay failed")
    check(card.played()[:len(data)] == data, "lost sound")
    gap = card.frame_time(frames) - card.frame_time(frames - 1)
    check(abs(gap - (again.ns - stalled.ns)) < 10**6,
          f"stood still for {gap / 1e6} ms")


def main():
    if not shutil.which("aplay") or not shutil.which("arecord"):
        print("vcard: skipped: no aplay (alsa-utils)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as top:
        numbers = itertools.count()

        def make(**restrictions):
            return Card(f"{top}/{next(numbers)}", **restrictions)

        together(
            *(lambda case=case: bit_identical(make, *case)
              for case in itertools.product(("mmap", "rw"), FORMATS)),
            lambda: capture(make, "S16_LE", 2),
            lambda: capture(make, "S24_3LE", 3),
            *(lambda case=case: case(make) for case in (
                refusals, unplugging, underrun, suspending, stalling)))
    print("vcard: passed")


main()
