#!/usr/bin/env python3
"""What each call answers, as OSS's specification has it: every row of oss.def
is asked, by name, and what no row has is refused."""

import os
import pathlib
import re
import struct

from door import (A_LAW, DSP, MIXER, MU_LAW, READ, S16_BE, S16_LE, U8, WRITE,
                  Refused, Server, check, request)
from daemon import BUILD, Daemon

SOURCE = pathlib.Path(os.environ.get("ESDMIXD_SRCDIR", BUILD / ".."))
EINVAL = 22
ROWS = {name: (kind, int(number, 0), words.lower().replace("n", ""), int(size))
        for name, kind, number, words, size in re.findall(
            r'CALL\("(\w+)", \'(\w)\', (\w+), (\w+), (\d+),',
            (SOURCE / "compat-tools/dsp/oss.def").read_text())}
FULL = 100 << 8 | 100


class Program:
    """Asks by name, and notes what was asked."""

    def __init__(self, device, asked):
        self.device = device
        self.asked = asked

    def raw(self, name, data=b"", size=None):
        kind, number, words, least = ROWS[name]
        self.asked.add(name)
        return self.device.raw_ioctl(request(
            kind, number, words, (size or least) if words else 0), data)

    def ask(self, name, value=0):
        """An int there and back; None where none comes back."""
        data = self.raw(name, struct.pack("=i", value))
        return struct.unpack("=i", data)[0] if len(data) == 4 else None

    def refuses(self, name, value=0):
        try:
            self.raw(name, struct.pack("=i", value), 4)
        except Refused as refusal:
            check(refusal.errno == EINVAL, f"{name}: {refusal}")
            return
        check(False, f"{name} takes {value}")

    def gives(self, name, *pairs):
        """Each (asked, answered)."""
        for value, wanted in pairs:
            got = self.ask(name, value)
            check(got == wanted, f"{name}({value}): {got}, not {wanted}")


def formats(program):
    program.gives("SNDCTL_DSP_SETFMT", (0, U8), (S16_LE, S16_LE),
                  (S16_BE, S16_BE), (A_LAW, A_LAW), (MU_LAW, MU_LAW),
                  (4, S16_LE), (0x200, S16_LE), (0x30, S16_LE), (U8, U8),
                  (-1, S16_LE), (0, S16_LE))
    program.gives("SOUND_PCM_READ_BITS", (0, S16_LE))
    program.gives("SNDCTL_DSP_GETFMTS", (0, 0x5f1fb))
    program.gives("SNDCTL_DSP_CHANNELS", (0, 1), (2, 2), (6, 6), (8, 8),
                  (9, 8), (100000, 8), (-3, 1), (0, 1))
    program.gives("SNDCTL_DSP_STEREO", (1, 1), (0, 0), (7, 1))
    program.gives("SOUND_PCM_READ_CHANNELS", (0, 2))
    program.gives("SNDCTL_DSP_SPEED", (0, 8000), (44100, 44100), (1, 1000),
                  (999999, 192000), (-5, 1000), (11025, 11025), (0, 11025))
    program.gives("SOUND_PCM_READ_RATE", (0, 11025))


def space(program, name):
    return struct.unpack("=4i", program.raw(name))


def fragments(program):
    program.ask("SNDCTL_DSP_SPEED", 44100)
    program.gives("SNDCTL_DSP_GETBLKSIZE", (0, 4096))
    program.gives("SNDCTL_DSP_SUBDIVIDE", (0, 1), (2, 2))
    program.gives("SNDCTL_DSP_GETBLKSIZE", (0, 2048))
    program.gives("SNDCTL_DSP_SUBDIVIDE", (0, 2), (4, 4))
    program.refuses("SNDCTL_DSP_SUBDIVIDE", 3)
    for asked, size, count in ((4 << 16 | 10, 1024, 4),
                               (1 << 16 | 2, 16, 2), (0, 16, 4096),
                               (0x7fff << 16 | 11, 2048, 32)):
        program.ask("SNDCTL_DSP_SETFRAGMENT", asked)
        for name in ("SNDCTL_DSP_GETOSPACE", "SNDCTL_DSP_GETISPACE"):
            told = space(program, name)
            check(told[1:3] == (count, size), f"{name} of {asked:x}: {told}")
        check(space(program, "SNDCTL_DSP_GETOSPACE") ==
              (count, count, size, size * count), "all is free")
        program.gives("SNDCTL_DSP_GETBLKSIZE", (0, size))
    program.refuses("SNDCTL_DSP_POLICY", 11)
    program.refuses("SNDCTL_DSP_POLICY", -1)
    for policy, size in ((0, 128), (4, 2048), (5, 4096), (10, 4096)):
        program.ask("SNDCTL_DSP_POLICY", policy)
        program.gives("SNDCTL_DSP_GETBLKSIZE", (0, size))


def sound(program):
    """Positions, and what may be asked at any time."""
    for name in ("SNDCTL_DSP_RESET", "SNDCTL_DSP_SYNC", "SNDCTL_DSP_POST",
                 "SNDCTL_DSP_NONBLOCK", "SNDCTL_DSP_SILENCE",
                 "SNDCTL_DSP_SKIP", "SNDCTL_DSP_HALT_INPUT",
                 "SNDCTL_DSP_HALT_OUTPUT", "SNDCTL_DSP_SETDUPLEX"):
        check(program.raw(name) == b"", name)
    check(not os.get_blocking(program.device.fd), "NONBLOCK")
    os.set_blocking(program.device.fd, True)
    for name in ("SNDCTL_DSP_PROFILE", "SNDCTL_DSP_COOKEDMODE",
                 "SNDCTL_DSP_LOW_WATER"):
        program.gives(name, (1, None))
    program.gives("SNDCTL_DSP_GETCAPS", (0, 0x10077300))
    program.gives("SNDCTL_DSP_GETTRIGGER", (0, 3))
    program.gives("SNDCTL_DSP_SETTRIGGER", (1, None))
    program.gives("SNDCTL_DSP_GETTRIGGER", (0, 1))
    program.refuses("SNDCTL_DSP_SETTRIGGER", 4)
    program.gives("SNDCTL_DSP_SETTRIGGER", (2, None))
    program.gives("SNDCTL_DSP_GETODELAY", (0, 0))
    check(program.raw("SNDCTL_DSP_GETOPTR") == bytes(12), "GETOPTR")
    check(program.raw("SNDCTL_DSP_GETIPTR") == bytes(12), "GETIPTR")
    # OSS's own record, of either word width.
    for size in (140, 144):
        for name in ("SNDCTL_DSP_CURRENT_OPTR", "SNDCTL_DSP_CURRENT_IPTR"):
            check(program.raw(name, size=size) == bytes(size), name)
    for size in (104, 112):
        check(program.raw("SNDCTL_DSP_GETERROR", size=size) == bytes(size),
              "GETERROR")
    program.gives("SNDCTL_DSP_SETTRIGGER", (3, None))


def refusals(program):
    for name in ("SOUND_PCM_WRITE_FILTER", "SOUND_PCM_READ_FILTER",
                 "SNDCTL_DSP_MAPINBUF", "SNDCTL_DSP_MAPOUTBUF",
                 "SNDCTL_DSP_SETSYNCRO", "SNDCTL_DSP_READCTL",
                 "SNDCTL_DSP_WRITECTL", "SNDCTL_DSP_SYNCGROUP",
                 "SNDCTL_DSP_SYNCSTART", "SNDCTL_DSP_SETSPDIF",
                 "SNDCTL_DSP_GETSPDIF"):
        program.refuses(name)


def routes(program):
    for name in ("SNDCTL_DSP_GETCHANNELMASK", "SNDCTL_DSP_BIND_CHANNEL"):
        program.gives(name, (0, 1), (6, 1))
    for name in ("SNDCTL_DSP_GET_RECSRC", "SNDCTL_DSP_GET_PLAYTGT"):
        program.gives(name, (0, 0))
    for name in ("SNDCTL_DSP_SET_RECSRC", "SNDCTL_DSP_SET_PLAYTGT"):
        program.gives(name, (0, 0))
        program.refuses(name, 1)
    for name in ("SNDCTL_DSP_GET_RECSRC_NAMES",
                 "SNDCTL_DSP_GET_PLAYTGT_NAMES"):
        data = program.raw(name, size=3528)
        count, = struct.unpack_from("=8xi", data)
        start, = struct.unpack_from("=16xh", data)
        check(count == 1 and data[16 + 2 * 255 + start:].split(b"\0")[0] ==
              b"default", name)
    order = bytes.fromhex("2143658700000000")
    check(program.raw("SNDCTL_DSP_GET_CHNORDER") == order, "channel order")
    check(program.raw("SNDCTL_DSP_SET_CHNORDER", order) == order, "taken")
    program.gives("SNDCTL_DSP_GETPLAYVOL", (0, FULL))
    program.gives("SNDCTL_DSP_SETPLAYVOL", (7 << 8 | 70, 7 << 8 | 70),
                  (FULL, FULL))
    program.gives("SNDCTL_DSP_GETRECVOL", (0, FULL))
    program.gives("SNDCTL_DSP_SETRECVOL", (5, FULL))


def mixer(program):
    for name, value in (("DEVMASK", 0x11), ("STEREODEVS", 0x11),
                        ("RECMASK", 0), ("RECSRC", 0), ("CAPS", 0),
                        ("VOLUME", FULL), ("PCM", FULL)):
        program.gives(f"SOUND_MIXER_READ_{name}", (0, value))
    program.gives("SOUND_MIXER_WRITE_RECSRC", (1, 0))
    program.gives("OSS_GETVERSION", (0, 0x030802))

    def changes():
        data = program.raw("SOUND_MIXER_INFO", size=92)
        id, name, count = struct.unpack_from("=16s32si", data)
        check(id.rstrip(b"\0") == b"esdmixd" and name[0], f"{id} {name}")
        return count

    before = changes()
    for name in ("VOLUME", "PCM"):
        program.gives(f"SOUND_MIXER_WRITE_{name}", (3 << 8 | 30, 3 << 8 | 30),
                      (200, 100), (FULL, FULL))
    check(changes() == before + 6, "the count of changes")
    check(len(program.raw("SOUND_MIXER_INFO", size=48)) == 48, "the old one")


def system(program):
    data = program.raw("SNDCTL_SYSINFO", size=1248)
    number, = struct.unpack_from("=64xi", data)
    audios, = struct.unpack_from("=196xi", data)
    check(data[:8] == b"esdmixd\0" and number >> 16 == 4 and audios == 1,
          "SYSINFO")
    program.gives("SNDCTL_MIX_NRMIX", (0, 1))
    program.gives("SNDCTL_MIX_NREXT", (0, 0))
    for name, size in (("SNDCTL_AUDIOINFO", 1244),
                       ("SNDCTL_ENGINEINFO", 1244),
                       ("SNDCTL_MIXERINFO", 1168),
                       ("SNDCTL_CARDINFO", 1176)):
        for number in (0, -1):
            data = program.raw(name, struct.pack("=i", number), size)
            check(len(data) == size and data[:4] == bytes(4), f"{name}")
        for number in (1, -2):
            try:
                program.raw(name, struct.pack("=i", number), size)
            except Refused as refusal:
                check(refusal.errno == EINVAL, f"{name}: {refusal}")
            else:
                check(False, f"{name} of {number}")
    data = program.raw("SNDCTL_AUDIOINFO", bytes(4), 1244)
    busy, _, caps, formats_in, formats_out = struct.unpack_from("=68x5i", data)
    low, high, least, most = struct.unpack_from("=180x4i", data)
    check((busy, caps, formats_in, formats_out) ==
          (3, 0x10077300, 0x5f1fb, 0x5f1fb), "AUDIOINFO")
    check((low, high, least, most) == (1000, 192000, 1, 8), "AUDIOINFO")


def one_way(server):
    """What a device was not opened for."""
    with server.open(WRITE) as device:
        program = Program(device, set())
        for name in ("GETISPACE", "GETIPTR", "CURRENT_IPTR", "SETDUPLEX"):
            program.refuses(f"SNDCTL_DSP_{name}")
    with server.open(READ) as device:
        program = Program(device, set())
        for name in ("GETOSPACE", "GETOPTR", "CURRENT_OPTR", "GETODELAY"):
            program.refuses(f"SNDCTL_DSP_{name}")
    with server.open(WRITE, MIXER) as device:
        program = Program(device, set())
        for name, (kind, *_) in ROWS.items():
            if kind == "P":
                program.refuses(name)
        mixer(program)


def main():
    asked = set()
    with Daemon("null", "-r", 44100) as daemon, \
            Server(daemon.env, daemon.socket) as server, \
            server.open(READ | WRITE, DSP) as device:
        program = Program(device, asked)
        for part in (formats, fragments, sound, refusals, routes, mixer,
                     system):
            part(program)
        one_way(server)
    check(asked == set(ROWS), f"never asked: {set(ROWS) - asked}")
    print(f"{len(asked)} calls answer as they should")


if __name__ == "__main__":
    main()
