#!/usr/bin/env python3
"""The daemon on the kernel's own drivers, in an emulated machine: what comes
out of a card, through mmap and read/write access, and over its unplugging.

  bench-cards.py RIG STAGE [CARD...] [-- OPTION...]

RIG    a directory with run.sh, which boots a kernel with one sound card, runs
       a command there and leaves what the card played in OUT/card.wav:
         run.sh -o OUT -f TREE -c CARD -r RATE -s SCRIPT ARGUMENT...
STAGE  what "make install DESTDIR=STAGE" made
CARD   hda, ac97, usb, es1370; all of them if none is named
OPTION more of esdmixd's

Prints Markdown; exits with 1 if a sample differs.
"""

import array
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

# Its one rate at which the emulation loses nothing.
CARDS = {"hda": 48000, "ac97": 48000, "usb": 48000, "es1370": 44100}
FRAME = 4
SECONDS = 8
LOST_AT_END = 0.03  # seconds that the emulated cards swallow when they stop
SOUND = "sound.raw"

# For access and unplugging alike.  What a card plays first, and whatever comes
# after it was plugged in again, is only heard with its mixer up.
GUEST = r"""
rate=$1 access=$2 unplug=$3 socket=$HOME/socket
shift 3
mixer_up()
{
	amixer -q -c 0 scontrols | sed -n "s/^Simple mixer control //p" |
	    tr -d "'" | while read -r control; do
		amixer -q -c 0 sset "$control" 100% unmute ||
		    amixer -q -c 0 sset "$control" 100%
	done > /dev/null 2>&1
}
now() { cut -d ' ' -f 1 /proc/uptime; }
remove()
{
	device=$(readlink -f /sys/class/sound/card0/device)
	now > /out/removed
	if [ -e "$device/remove" ]; then
		echo 1 > "$device/remove"
	else
		device=${device%/*}
		echo 0 > "$device/authorized"
	fi
}
plug()
{
	if [ -e "$device/authorized" ]; then
		echo 1 > "$device/authorized"
	else
		echo 1 > /sys/bus/pci/rescan
	fi
	until [ -e /dev/snd/pcmC0D0p ]; do usleep 10000; done
	mixer_up
}
esdmixd -d hw:0,0 -r "$rate" --access "$access" --socket "$socket" \
    --no-legacy-sockets "$@" 2> /out/log &
daemon=$!
until grep -q playing /out/log; do
	kill -0 $daemon || exit 1
	usleep 10000
done
esdcat -s "unix:$socket" -r "$rate" /SOUND & client=$!
if [ "$unplug" = yes ]; then
	sleep 1
	remove
	sleep 1
	plug
fi
wait $client || exit 1
sleep 0.5
kill $daemon
wait $daemon
""".replace("SOUND", SOUND)


def played(out):
    """The bytes of card.wav's samples."""
    data = (out / "card.wav").read_bytes()
    at = data.index(b"data") + 8
    return data[at:]


def same(a, b):
    """How many frames are the same from the start on."""
    n = min(len(a), len(b))
    if a[:n] != b[:n]:
        n = next(i for i in range(n) if a[i] != b[i])
    return n // FRAME


def find(got, wanted, start=0):
    """Where those frames are, or -1."""
    at = got.find(wanted, start)
    while at % FRAME and at >= 0:
        at = got.find(wanted, at + 1)
    return at


def run(rig, tree, card, access, unplug, directory, options):
    out = pathlib.Path(directory) / f"{card}-{access}-{unplug}"
    script = pathlib.Path(directory) / "guest.sh"
    script.write_text(GUEST)
    done = subprocess.run(
        [rig / "run.sh", "-o", out, "-f", tree, "-c", card, "-r",
         str(CARDS[card]), "-t", "240", "-s", script, str(CARDS[card]), access,
         unplug, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    log = (out / "log").read_text() if (out / "log").exists() else done.stderr
    return done.returncode, out, log


def whole(rig, tree, card, access, sound, directory, options):
    """All of it, without a break."""
    status, out, log = run(rig, tree, card, access, "no", directory,
                           options)
    if status != 0:
        return f"failed with {status}: {log}"
    used = [line for line in log.splitlines() if "playing at" in line][0]
    if ("mmap" if access == "mmap" else ", rw") not in used:
        return f"other access than asked for: {used}"
    got = played(out)
    at = find(got, sound[:64 * FRAME])
    if at < 0:
        return "the sound is not there"
    frames = same(got[at:], sound)
    if frames < len(sound) // FRAME - LOST_AT_END * CARDS[card]:
        return f"differs from frame {frames} on"
    if any(got[:at]):
        return "something else before it"
    return f"exact, {frames} frames"


def broken(rig, tree, card, sound, directory, options):
    """Up to the unplugging, and again from where real time had got to."""
    status, out, log = run(rig, tree, card, "auto", "yes", directory,
                           options)
    if status != 0:
        return f"failed with {status}: {log}"
    got = played(out)
    at = find(got, sound[:64 * FRAME])
    if at < 0:
        return "the sound is not there"
    before = same(got[at:], sound)
    end = len(sound) - int(LOST_AT_END * CARDS[card]) * FRAME
    back = find(got, sound[end - 64 * FRAME:end], at)
    if back < 0:
        return "the sound did not come back"
    after = same(got[:back + 64 * FRAME][::-1], sound[:end][::-1])
    lost = end // FRAME - after - before
    lines = sum("lost" in line or "playing at" in line
                for line in log.splitlines())
    if lines != 3:
        return f"the log says {log}"
    return (f"exact for {before} frames, out for {lost} "
            f"({lost / CARDS[card]:.2f} s), exact for {after} more")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    rig = pathlib.Path(sys.argv[1]).resolve()
    cards, options = sys.argv[3:], []
    if "--" in cards:
        at = cards.index("--")
        cards, options = cards[:at], cards[at + 1:]
    failed = False
    print("| card | mmap | read/write | unplugged for a second |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory) / "tree"
        shutil.copytree(sys.argv[2], tree, symlinks=True)
        for card in cards or CARDS:
            rng = random.Random(7)
            sound = array.array("h", (
                rng.randint(-32768, 32767) | 1
                for _ in range(2 * SECONDS * CARDS[card])))
            silence = bytes(CARDS[card] // 10 * FRAME)
            (tree / SOUND).write_bytes(sound.tobytes() + silence)
            found = [whole(rig, tree, card, access, sound.tobytes(), directory,
                           options) for access in ("mmap", "rw")]
            found.append(broken(rig, tree, card, sound.tobytes(), directory,
                                options))
            failed |= any("exact" not in text for text in found)
            print(f"| {card} | {' | '.join(found)} |", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
