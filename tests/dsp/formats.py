#!/usr/bin/env python3
"""Every format and number of channels, through the dsp server, at the card."""

import random
import struct
import sys
import warnings

from door import (A_LAW, FLOAT, MU_LAW, S8, S16_BE, S16_LE, S24_BE, S24_LE,
                  S24_PACKED, S32_BE, S32_LE, SETFMT, SYNC, GETODELAY, GETOPTR,
                  U8, U16_BE, U16_LE, AUDIO, DSPW, GETFMTS, Server, check,
                  patiently, troubles)
from daemon import on_card, until
from sound import noise, raw

warnings.simplefilter("ignore", DeprecationWarning)
try:
    import audioop  # a G.711 that is not ours
except ImportError:
    sys.exit(77)

FRAMES = 2000


def pack(kind):
    return lambda values: struct.pack(f"{kind[0]}{len(values)}{kind[1]}",
                                      *values)


def packed24(values):
    return b"".join(struct.pack("<i", value)[:3] for value in values)


def bytes_of(values):
    return bytes(values)


def law(decode):
    return lambda values: [struct.unpack(
        "=h", decode(bytes([value]), 2))[0] for value in values]


def top(bits):
    """Samples whose lower bits are 0, so that 16 bits hold them."""
    return lambda rng: rng.randint(-32768, 32767) << (bits - 16)


def words_of(rng):
    return rng.randint(-32768, 32767)


def byte(rng):
    return rng.randint(0, 255)


# format: draw a sample, pack many, and the 16 bits that they are
FORMATS = {
    U8: (byte, bytes_of, lambda v: [(x - 128) * 256 for x in v]),
    S8: (byte, bytes_of, lambda v: [(x - 256 * (x > 127)) * 256 for x in v]),
    MU_LAW: (byte, bytes_of, law(audioop.ulaw2lin)),
    A_LAW: (byte, bytes_of, law(audioop.alaw2lin)),
    S16_LE: (words_of, pack("<h"), list),
    S16_BE: (words_of, pack(">h"), list),
    U16_LE: (lambda rng: rng.randint(0, 65535), pack("<H"),
             lambda v: [x - 32768 for x in v]),
    U16_BE: (lambda rng: rng.randint(0, 65535), pack(">H"),
             lambda v: [x - 32768 for x in v]),
    S24_PACKED: (top(24), packed24, lambda v: [x >> 8 for x in v]),
    S24_LE: (top(24), pack("<i"), lambda v: [x >> 8 for x in v]),
    S24_BE: (top(24), pack(">i"), lambda v: [x >> 8 for x in v]),
    S32_LE: (top(32), pack("<i"), lambda v: [x >> 16 for x in v]),
    S32_BE: (top(32), pack(">i"), lambda v: [x >> 16 for x in v]),
    FLOAT: (lambda rng: words_of(rng) / 32768, pack("=f"),
            lambda v: [int(x * 32768) for x in v]),
}


def play(daemon, card, format, channels, data, wanted):
    """Also in pieces that end within a frame."""
    before = troubles(daemon)
    with Server(daemon.env, daemon.socket) as server, server.open() as device:
        device.set(format, channels)
        for at in range(0, len(data), 1237):
            device.write(data[at:at + 1237])
        device.ioctl(SYNC)
    until("it is heard, or the card runs dry", lambda: raw(wanted) in
          card.played() or troubles(daemon) > before)
    check(raw(wanted) in card.played(),
          f"format {format:#x}, {channels} channels: other bits")


def every_format(daemon, card):
    for format, (draw, packed, value) in FORMATS.items():
        for channels in (1, 2):
            rng = random.Random(format * channels)
            samples = [draw(rng) for _ in range(FRAMES * channels)]
            wanted = value(samples)
            if channels == 1:
                wanted = [word for word in wanted for _ in range(2)]
            patiently(daemon, play, card, format, channels, packed(samples),
                      wanted)
    print(f"{len(FORMATS)} formats, mono and stereo, exact")


def devices(daemon, card):
    """What each device begins with: 8000 Hz, one channel."""
    for kind, format in ((AUDIO, MU_LAW), (DSPW, S16_LE)):
        with Server(daemon.env, daemon.socket) as server:
            with server.open(device=kind) as device:
                check(device.ioctl(SETFMT, 0) == format, f"device {kind}")
                check(device.ioctl(SETFMT, 0x400) == S16_LE, "AC3 is taken")
                formats = device.ioctl(GETFMTS)
                check(formats == sum(FORMATS), f"formats {formats:#x}")


def surround(daemon, card):
    """Six channels: left and right alone keep their level in the mix."""
    left = noise(FRAMES, 1, peak=32767)
    right = noise(FRAMES, 2, peak=32767)
    silent = [0] * FRAMES
    data = raw([word for frame in zip(left, right, silent, silent, silent,
                                      silent) for word in frame])
    # Full front, centre and side at -3 dB each: scaled by their sum.
    scale = 1 / (1 + 2 * 0.70710678)
    with Server(daemon.env, daemon.socket) as server:
        with server.open() as device:
            device.set(S16_LE, 6)
            before = len(card.played())
            device.write(data)
            device.ioctl(SYNC)

    def is_there():
        played = card.played()[before:]
        played = struct.unpack(f"<{len(played) // 2}h", played)
        start = next((at for at in range(0, len(played), 2)
                      if abs(played[at] - left[0] * scale) < 2), None)
        if start is None or len(played) < start + 2 * FRAMES:
            return False
        for at in range(FRAMES):
            for word, source in ((played[start + 2 * at], left[at]),
                                 (played[start + 2 * at + 1], right[at])):
                check(abs(word - source * scale) <= 1.6,
                      f"frame {at}: {word} of {source}")
        return True

    until("six channels are mixed down", is_there)
    print("six channels are mixed down to two")


def change(daemon, card):
    """A new format while the last one's sound still plays: one after the
    other, neither cut."""
    first, second = noise(2 * 20000, 3), noise(2 * 2000, 4)
    with Server(daemon.env, daemon.socket) as server:
        with server.open() as device:
            device.set()
            device.write(raw(first))
            before = device.ioctl(GETOPTR)[0]
            device.set(S16_BE)
            check(before <= device.ioctl(GETOPTR)[0] < 80000,
                  "what is written has not passed")
            check(device.ioctl(GETODELAY) > 0, "it waits")
            device.write(raw(second, ">"))
            device.ioctl(SYNC)
    until("both are at the card", lambda: raw(first) in card.played() and
          raw(second) in card.played())
    played = card.played()
    check(played.index(raw(first)) + 4 * 20000 <= played.index(raw(second)),
          "the second began before the first had ended")
    print("a new format waits for the last one's end")


def main():
    with on_card("--period", 256, "--periods", 4) as (daemon, card):
        every_format(daemon, card)
        devices(daemon, card)
        patiently(daemon, surround, card)
        patiently(daemon, change, card)


if __name__ == "__main__":
    main()
