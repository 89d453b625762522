"""Sounds for tests, and what must become of them, in plain arithmetic."""

import array
import random
import sys

from daemon import check

FRAME = 4  # bytes of a 16-bit stereo frame


def words(data):
    """Little-endian 16-bit samples as numbers."""
    samples = array.array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def raw(samples, order="<"):
    """Numbers as 16-bit samples in that byte order."""
    data = array.array("h", samples)
    if (order == "<") != (sys.byteorder == "little"):
        data.byteswap()
    return data.tobytes()


def noise(samples, seed, peak=32767, step=1):
    """Multiples of step up to peak; neither the first nor the last is 0."""
    rng = random.Random(seed)
    most = peak // step
    values = [rng.randint(-most, most) * step for _ in range(samples)]
    values[0] = values[-1] = step * most
    return values


def first_sound(samples, start=0):
    """Index of the first frame that is not silent, or None."""
    silence = bytes(4096)
    data = memoryview(samples).cast("B")
    at = start * FRAME
    while at < len(data) and data[at:at + 4096] == silence[:len(data) - at]:
        at += 4096
    for frame in range(at // FRAME, len(samples) // 2):
        if samples[2 * frame] != 0 or samples[2 * frame + 1] != 0:
            return frame
    return None


def numbers(data):
    """Of the card's frames: low half left, high half right.  Not of silence,
    which is there first where a busy machine opens the card late."""
    samples = words(data[:len(data) // FRAME * FRAME])
    return [(low & 0xFFFF) | (high & 0xFFFF) << 16
            for low, high in zip(samples[::2], samples[1::2]) if low or high]


def is_ramp(data):
    """What the virtual card records: no gap, no repeat."""
    seen = numbers(data)
    return all(b == a + 1 for a, b in zip(seen, seen[1:]))


def digits(total, count):
    """Balanced base 8: what each of the parts, of -3 to 3, gave to the sum."""
    parts = [[] for _ in range(count)]
    for value in total:
        for part in parts:
            digit = ((value + 4) & 7) - 4
            part.append(digit)
            value = (value - digit) // 8
        check(value == 0, "more is heard than was sent")
    return parts
