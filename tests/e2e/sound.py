"""Sounds for tests, and what must become of them, in plain arithmetic."""

import array
import random
import sys

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
