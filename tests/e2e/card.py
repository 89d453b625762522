"""The virtual card (tests/card), as tests use it.

    card = Card(directory, rates=[48000], formats=["S16_LE"])
    subprocess.run([..., "-d", card.name], env={**os.environ, **card.env})
    card.wait_event("start")
    card.unplug()

Restrictions: rates, formats, channels, access (lists; "mmap", "rw");
period_bytes, buffer_bytes, periods (a number, or (min, max)); period_frames
and buffer_frames (the same in frames, where formats and channels have one
entry each); resume=False: has to be prepared after a suspend;
substreams: how many programs may open it at once; chmap: where its channels
sound, as "RL RR FL FR", maps for other numbers of channels after a ";";
record=False: keeps no samples, only their number; card=7: the number of the
kernel's card that it stands for.

Times are ns of CLOCK_MONOTONIC, as time.monotonic_ns() gives them.
"""

import bisect
import errno
import os
import pathlib
import struct
import time
from collections import namedtuple

FOREVER = 2**64 - 1

# struct card_control of tests/card/card.h: nine uint64_t.
REFUSAL, UNPLUGGED, UNPLUGS, STALLED_UNTIL, SUSPENDS, SUSPENDED_UNTIL, XRUNS, \
    SLOW_MS, FRAMES = range(9)
CONTROL_FIELDS = 9

FORMAT_BYTES = {"S16": 2, "S24_3": 3, "S24": 4, "S32": 4}

# frame: how many had been played; detail: "stream", and for "params" "rate",
# "format", "channels", "period", "buffer", "access".
Event = namedtuple("Event", "ns name frame detail")


def library():
    """The plugin's full path: VCARD_LIB, else in the build directory."""
    name = "libasound_module_pcm_vcard.so"
    build = pathlib.Path(os.environ.get("ESDMIXD_BUILDDIR", ".")).resolve()
    for path in (os.environ.get("VCARD_LIB"),
                 build / "tests/card/.libs" / name, build / ".libs" / name,
                 build / name):
        if path and os.path.exists(path):
            return os.path.abspath(path)
    raise FileNotFoundError(f"{name}: not below {build}; set VCARD_LIB")


def format_bytes(name):
    return FORMAT_BYTES[name.removesuffix("LE").removesuffix("BE")
                        .removesuffix("_")]


class Card:
    def __init__(self, directory, name="vcard", **restrictions):
        self.dir = pathlib.Path(directory).resolve()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.config_path = self.dir / "asound.conf"
        self.env = {"ALSA_CONFIG_PATH": str(self.config_path)}
        (self.dir / "control").write_bytes(bytes(8 * CONTROL_FIELDS))
        self.control = os.open(self.dir / "control", os.O_RDWR | os.O_CLOEXEC)
        self.write_config(restrictions)

    def write_config(self, restrictions):
        lines = [f'dir "{self.dir}"']
        given = dict(restrictions)
        for what in ("period", "buffer"):
            frames = given.pop(f"{what}_frames", None)
            if frames is not None:
                low, high = frames if isinstance(frames, tuple) \
                    else (frames, frames)
                (name,), (channels,) = given["formats"], given["channels"]
                size = format_bytes(name) * channels
                given[f"{what}_bytes"] = (low * size, high * size)
        for key, value in given.items():
            if key in ("rates", "formats", "channels", "access"):
                lines.append(f'{key} "{" ".join(map(str, value))}"')
            elif key in ("period_bytes", "buffer_bytes", "periods"):
                low, high = value if isinstance(value, tuple) \
                    else (value, value)
                lines.append(f"{key}_min {low}")
                lines.append(f"{key}_max {high}")
            elif key == "chmap":
                lines.append(f'{key} "{value}"')
            elif key in ("card", "resume", "record", "substreams"):
                lines.append(f"{key} {int(value)}")
            else:
                raise TypeError(f"no such restriction: {key}")
        body = "\n".join("\t" + line for line in lines)
        self.config_path.write_text(
            f'pcm_type.vcard {{ lib "{library()}" }}\n'
            f"pcm.{self.name} {{\n\ttype vcard\n{body}\n}}\n")

    # commands

    def get(self, field):
        return struct.unpack("=Q", os.pread(self.control, 8, 8 * field))[0]

    def set(self, field, value):
        os.pwrite(self.control, struct.pack("=Q", value), 8 * field)

    def refuse(self, error):
        """Opening fails with that errno; 0: no longer."""
        self.set(REFUSAL, error)

    def busy(self, on=True):
        self.refuse(errno.EBUSY if on else 0)

    def slow(self, ms):
        """Opening and closing take that long."""
        self.set(SLOW_MS, ms)

    def unplug(self):
        """What is open fails with ENODEV for ever, opening does until
        replug()."""
        self.set(UNPLUGGED, 1)
        self.set(UNPLUGS, self.get(UNPLUGS) + 1)

    def replug(self):
        self.set(UNPLUGGED, 0)

    def suspend(self, ms=0):
        """ESTRPIPE; resuming doesn't succeed for that long."""
        self.set(SUSPENDED_UNTIL, time.monotonic_ns() + ms * 1000000)
        self.set(SUSPENDS, self.get(SUSPENDS) + 1)

    def stall(self, ms=True):
        """The pointer stands still and nobody is woken: for so many ms, for
        ever (True), or no longer (False)."""
        if ms is True:
            self.set(STALLED_UNTIL, FOREVER)
        elif ms is False:
            self.set(STALLED_UNTIL, 0)
        else:
            self.set(STALLED_UNTIL, time.monotonic_ns() + ms * 1000000)

    def xrun(self):
        """One underrun (and overrun), if it is running."""
        self.set(XRUNS, self.get(XRUNS) + 1)

    # what the card did

    def read(self, name):
        try:
            return (self.dir / name).read_bytes()
        except FileNotFoundError:
            return b""

    def frames(self):
        """Played so far; up to date to a period while a program runs."""
        return self.get(FRAMES)

    def played(self):
        """Every frame played so far, as bytes."""
        return self.read("played.raw")

    def events(self):
        result = []
        for line in self.read("events").decode().splitlines(keepends=True):
            if line.endswith("\n"):
                ns, name, frame, *rest = line.split()
                pairs = (word.split("=", 1) for word in rest if "=" in word)
                result.append(Event(int(ns), name, int(frame), dict(pairs)))
        return result

    def wait_event(self, name, after=0, timeout=10.0):
        """The first such event whose index in events() is `after` or more;
        TimeoutError."""
        end = time.monotonic() + timeout
        while True:
            events = self.events()
            for event in events[after:]:
                if event.name == name:
                    return event
            if time.monotonic() > end:
                seen = " ".join(event.name for event in events)
                raise TimeoutError(
                    f"card: no {name} within {timeout} s; seen: {seen}")
            time.sleep(0.002)

    def wait_frames(self, count, timeout=10.0):
        """Waits until so many frames have been played."""
        end = time.monotonic() + timeout
        while self.frames() < count:
            if time.monotonic() > end:
                raise TimeoutError(f"card: {self.frames()} frames played "
                                   f"within {timeout} s, not {count}")
            time.sleep(0.002)

    def clock(self):
        """[(ns, frames played by then)], ascending."""
        data = self.read("clock")
        return list(struct.iter_unpack("=QQ", data[:len(data) // 16 * 16]))

    def frame_time(self, frame):
        """When that frame began to sound; None: it hasn't yet."""
        notes = self.clock()
        # The last note with no more frames: where the card stood still,
        # the one at which it went on.
        at = bisect.bisect_right(notes, frame, key=lambda note: note[1]) - 1
        if at < 0 or at + 1 >= len(notes):
            return None
        (ns, first), (later, last) = notes[at], notes[at + 1]
        return ns + (frame - first) * (later - ns) // (last - first)

    def close(self):
        os.close(self.control)
