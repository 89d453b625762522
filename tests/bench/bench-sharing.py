#!/usr/bin/env python3
"""The recipes by which ALSA's pages share a card, with the kernel's own drivers
in an emulated machine, as docs/sharing.md tells them: the daemon beside other
programs, and the samples that came out.

  bench-sharing.py RIG STAGE [RECIPE...]

RIG    as for bench-cards.py; its guest also has the cards Loopback and Dummy
STAGE  what "make install DESTDIR=STAGE" made, configured with --prefix=/usr
       --sysconfdir=/etc and --libdir where the guest's alsa-lib looks
RECIPE one of those below; all of them if none is named

Prints Markdown; exits with 1 if anything was not as it should be.
"""

import array
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

RATE = 44100  # the pages' own, and the ES1370's exact one
FRAME = 4
SECONDS = 3
SOUNDS = 3
LOST_AT_END = 0.05  # seconds that a card swallows when it stops

# The pages' own parameters.
ASOUND = """
pcm.dmixer {
	type dmix
	ipc_key 1024
	ipc_perm 0666
	ipc_key_add_uid false
	slave {
		pcm "hw:0,0"
		period_time 0
		period_size 1024
		buffer_size 8192
		rate 44100
	}
	bindings { 0 0 1 1 }
}
pcm.dsnooper {
	type dsnoop
	ipc_key 2048
	ipc_perm 0666
	ipc_key_add_uid false
	slave {
		pcm "hw:Loopback,1,0"
		period_time 0
		period_size 1024
		buffer_size 4096
		rate 44100
	}
	bindings { 0 0 1 1 }
}
pcm.duplex {
	type asym
	playback.pcm "dmixer"
	capture.pcm "dsnooper"
}
pcm.dsp0 {
	type plug
	slave.pcm "duplex"
}
ctl.dsp0 {
	type hw
	card 0
}
"""
OLD_DEFAULT = """
pcm.!default {
	type plug
	slave.pcm "duplex"
}
ctl.!default {
	type hw
	card 0
}
"""

# What every guest begins with; the sounds are /0.raw and so on.
PRELUDE = r"""
socket=$HOME/socket
export ESPEAKER=unix:$socket
cd="-q -t raw -f cd"
start()
{
	esdmixd "$@" -r 44100 --socket $socket --no-legacy-sockets \
	    2>> /out/log &
	daemon=$!
	until grep -q playing /out/log; do
		kill -0 $daemon || exit 1
		usleep 10000
	done
}
# Waits for the players, then stops the daemon.
finish()
{
	for player; do wait $player || exit 1; done
	sleep 0.5
	kill $daemon
	wait $daemon
}
as_tester() { /usr/bin/setpriv --reuid 1000 --regid 1000 --groups 29 "$@"; }
"""

DMIX = r"""
start -d dmixer
esdcat -r 44100 /0.raw & a=$!
aplay $cd -D dmixer /1.raw & b=$!
as_tester aplay $cd -D plug:dmixer /2.raw & c=$!
finish $a $b $c
"""

# aplay has the card first, through dmix.
CHAIN = r"""
aplay $cd -D dmixer /1.raw & b=$!
until grep -q RUNNING /proc/asound/card0/pcm0p/sub0/status; do usleep 1000; done
start -d hw:0,0,dmixer
esdcat -r 44100 /0.raw & a=$!
aplay $cd -D plug:dmixer /2.raw & c=$!
finish $a $b $c
"""

# The daemon has it first: dmix is refused, and the daemon is the way.
RAW = r"""
start -d hw:0,0
aplay $cd -D dmixer /1.raw 2> /out/refused && exit 1
aplay $cd -D esdmix /1.raw & b=$!
esdcat -r 44100 /0.raw & a=$!
aplay $cd -D dsp0 /2.raw 2>> /out/refused && exit 1
aplay $cd -D esd /2.raw & c=$!
finish $a $b $c
"""

DSNOOP = r"""
start -d hw:0,0 --capture dsnooper
esdrec -r 44100 /out/0.raw & a=$!
arecord $cd -D dsnooper /out/1.raw & b=$!
arecord $cd -D plug:dsnooper /out/2.raw & c=$!
sleep 1
aplay $cd -D hw:Loopback,0,0 /0.raw || exit 1
sleep 1
kill $a $b $c
wait $a $b $c
finish
"""

ASYM = r"""
start -d duplex --capture duplex
esdrec -r 44100 /out/0.raw & e=$!
arecord $cd -D duplex /out/1.raw & f=$!
arecord $cd -D dsp0 /out/2.raw & g=$!
esdcat -r 44100 /0.raw & a=$!
aplay $cd -D duplex /1.raw & b=$!
aplay $cd -D dsp0 /2.raw & c=$!
sleep 1
aplay $cd -D hw:Loopback,0,0 /0.raw || exit 1
sleep 1
kill $e $f $g
wait $e $f $g
finish $a $b $c
"""

# The daemon is one of those on the page's default.
OLD_WAY = r"""
start -d default
esdcat -r 44100 /0.raw & a=$!
aplay $cd /1.raw & b=$!
aplay $cd /2.raw & c=$!
finish $a $b $c
"""

# The default is the daemon.
NEW_WAY = r"""
ln -s /usr/share/alsa/alsa.conf.d/99-esd-default.conf /etc/alsa/conf.d
start -d hw:0,0
esdcat -r 44100 /0.raw & a=$!
aplay $cd /1.raw & b=$!
aplay $cd -D dsp0 /2.raw & c=$!
amixer scontrols > /out/mixer || exit 1
finish $a $b $c
"""

HARDWARE = r"""
start -d hw:0,0
esdcat -r 44100 /0.raw & a=$!
aplay $cd -D hw:0,1 /1.raw & b=$!
aplay $cd -D esdmix /2.raw & c=$!
finish $a $b $c
"""

SUBSTREAMS = r"""
start -d hw:Dummy
cat /proc/asound/Dummy/pcm0p/info > /out/info
aplay $cd -D hw:Dummy /1.raw & b=$!
aplay $cd -D hw:Dummy /2.raw & c=$!
finish $b $c
"""


def digits(total, count):
    """Balanced base 8: what each of the sounds, of -3 to 3, gave to the
    sum; None where something else did."""
    parts = [array.array("h") for _ in range(count)]
    for value in total:
        for part in parts:
            digit = ((value + 4) & 7) - 4
            part.append(digit)
            value = (value - digit) >> 3
        if value:
            return None
    return parts


def sound(seed):
    rng = random.Random(seed)
    return array.array("h", (rng.randint(-3, 3)
                             for _ in range(2 * SECONDS * RATE)))


def loud(samples):
    """Without the silent frames."""
    return [pair for pair in zip(samples[::2], samples[1::2]) if any(pair)]


def samples(path):
    data = path.read_bytes()
    at = data.index(b"data") + 8 if path.suffix == ".wav" else 0
    data = data[at:]
    return array.array("h", data[:len(data) // FRAME * FRAME])


class Wrong(Exception):
    """What is not as it should be."""


def same(what, got, wanted):
    """How many frames are; all but what the card loses at the end must be."""
    got, wanted = loud(got), loud(wanted)
    n = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
             min(len(got), len(wanted)))
    if n < len(wanted) - LOST_AT_END * RATE:
        raise Wrong(f"{what} differs from frame {n} of {len(wanted)} on")
    return n


def summed(out):
    """Every sound is in the sum, exactly, and nothing else is."""
    parts = digits(samples(out / "card.wav"), SOUNDS)
    if parts is None:
        raise Wrong("something else was played")
    frames = min(same(f"sound {i}", part, sound(i))
                 for i, part in enumerate(parts))
    return f"the exact sum of {SOUNDS} sounds, {frames} frames"


def recorded(out):
    """All recorders got the sound, with silence before and after it."""
    frames = min(same(f"recording {i}", samples(out / f"{i}.raw"), sound(0))
                 for i in range(SOUNDS))
    return f"{SOUNDS} recordings, each exact, {frames} frames"


def both(out):
    return f"{summed(out)}; {recorded(out)}"


def said(out, file, *patterns):
    text = (out / file).read_text()
    for pattern in patterns:
        if not re.search(pattern, text):
            raise Wrong(f"{file} has no {pattern}: {text}")


def chained(out):
    said(out, "log", "hw:0,0.*busy", "dmixer: playing")
    return f"hw:0,0 is busy, dmixer is taken; {summed(out)}"


def refused(out):
    said(out, "refused", "unable to open slave", "Device or resource busy")
    return f"dmix is refused; {summed(out)}"


def by_default(out):
    said(out, "mixer", "'Master',0")
    return summed(out)


def left(out):
    said(out, "info", "subdevices_count: 8", "subdevices_avail: 7")
    return "seven of eight substreams are left, two play"


# name: (configuration, guest script, check)
RECIPES = {
    "dmix": (ASOUND, DMIX, summed),
    "chain": (ASOUND, CHAIN, chained),
    "raw": (ASOUND, RAW, refused),
    "dsnoop": (ASOUND, DSNOOP, recorded),
    "asym": (ASOUND, ASYM, both),
    "old default": (ASOUND + OLD_DEFAULT, OLD_WAY, summed),
    "new default": ("", NEW_WAY, by_default),
    "hardware": ("", HARDWARE, summed),
    "substreams": ("", SUBSTREAMS, left),
}


def run(rig, tree, name, directory):
    config, script, check = RECIPES[name]
    out = pathlib.Path(directory) / name
    (tree / "etc/asound.conf").write_text(config)
    guest = pathlib.Path(directory) / "guest.sh"
    guest.write_text(PRELUDE + script)
    done = subprocess.run(
        [rig / "run.sh", "-o", out, "-f", tree, "-c", "es1370", "-r",
         str(RATE), "-t", "300", "-s", guest], stdin=subprocess.DEVNULL,
        capture_output=True, text=True)
    if done.returncode != 0:
        words = [(out / file).read_text()[-2000:] for file in
                 ("stderr", "log", "refused") if (out / file).exists()]
        return f"failed with {done.returncode}: {done.stderr} {words}", False
    try:
        return check(out), True
    except Wrong as wrong:
        return str(wrong), False


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    rig = pathlib.Path(sys.argv[1]).resolve()
    failed = False
    print("| recipe | what came out |")
    print("| --- | --- |")
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory) / "tree"
        shutil.copytree(sys.argv[2], tree, symlinks=True)
        # For what a card swallows when it stops, and dmix of a stream that
        # begins while all of a slow machine is busy: 5 ms were seen.
        silence = bytes(RATE // 5 * FRAME)
        for i in range(SOUNDS):
            scaled = array.array("h", (value * 8 ** i for value in sound(i)))
            (tree / f"{i}.raw").write_bytes(
                silence + scaled.tobytes() + silence)
        for name in sys.argv[3:] or RECIPES:
            text, good = run(rig, tree, name, directory)
            failed |= not good
            print(f"| {name} | {text} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
