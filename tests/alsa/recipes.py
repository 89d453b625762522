#!/usr/bin/env python3
"""The recipes of ALSA's page on sharing a card, as far as they need no card of
the kernel's: its definitions with the daemon in the place of dmix and dsnoop,
an old ~/.asoundrc that stays, the daemon behind asym."""

import contextlib
import shutil
import tempfile

import alsa
from alsa import CARD, PATIENCE, RATE, heard, need, raw_options, run
from card import Card
from daemon import Daemon, check, on_card, together, until
from play import wav
from sound import FRAME, is_ramp, noise, raw, words

FRAMES = 6000

# What the page has in ~/.asoundrc, which goes on being there.
OLD = """
pcm.dmixer {
	type dmix
	ipc_key 1024
	ipc_perm 0666
	ipc_key_add_uid false
	slave {
		pcm "hw:0,0"
		period_time 0
		period_size 1024
		buffer_size 4096
		rate 44100
	}
	bindings { 0 0 1 1 }
}
pcm.dsnooper {
	type dsnoop
	ipc_key 1024
	slave.pcm "hw:0,0"
}
pcm.duplex {
	type asym
	playback.pcm "dmixer"
	capture.pcm "dsnooper"
}
pcm.!default {
	type plug
	slave.pcm "duplex"
}
ctl.!default {
	type hw
	card 0
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

# The same with the daemon in the place of dmix and dsnoop.
NEW = """
pcm.duplex {
	type asym
	playback.pcm "esd"
	capture.pcm "esd"
}
pcm.!default {
	type plug
	slave.pcm "duplex"
}
ctl.!default {
	type esd
}
pcm.dsp0 {
	type plug
	slave.pcm "duplex"
}
ctl.dsp0 {
	type esd
}
pcm.cd {
	type plug
	slave {
		pcm "esd"
		rate 44100
	}
}
"""


def sound(seed):
    return raw(noise(2 * FRAMES, seed, peak=30000))


def played(daemon, card, env, seed, *command):
    """That command, with the sound's file after it, plays all of it."""
    path = wav(daemon.dir / f"{seed}.wav", sound(seed), 1, 16, 2)
    begin = card.frames()
    run(env, *command, path)
    heard(card, begin, sound(seed), " ".join(command[:3]))


def recorded(daemon, env, *command):
    path = daemon.dir / "recorded.raw"
    run(env, *command, *raw_options(), "-s", "4000", path)
    data = path.read_bytes()
    check(len(data) == 4000 * FRAME, f"{command}: {len(data)} bytes")
    return words(data)


def in_front(daemon, card):
    """The page's names stand for the daemon."""
    env = with_config(daemon, alsa.environment(daemon), NEW)
    played(daemon, card, env, 1, "aplay")
    played(daemon, card, env, 2, "aplay", "-D", "duplex")
    played(daemon, card, env, 3, "aplay", "-D", "dsp0")
    played(daemon, card, env, 4, "aplay", "-D", "cd")
    played(daemon, card, env, 5, "aplay", "-M", "-D", "default")
    out, _ = run(env, "amixer", "scontrols")
    check(b"'Master',0" in out, f"amixer: {out}")
    check(is_ramp(recorded(daemon, env, "arecord")), "arecord by default")
    if shutil.which("mplayer"):
        played(daemon, card, env, 6, "mplayer", "-really-quiet", "-nolirc",
               "-noconfig", "all", "-ao", "alsa")
    if shutil.which("mpg123") and shutil.which("lame"):
        mp3(daemon, card, env)


def mp3(daemon, card, env):
    """mpg123 -w, and aplay what that wrote."""
    source = wav(daemon.dir / "source.wav", sound(7), 1, 16, 2)
    song, written = daemon.dir / "song.mp3", daemon.dir / "written.wav"
    run(env, "lame", "--quiet", source, song)
    run(env, "mpg123", "-q", "-w", written, song)
    data = written.read_bytes()
    begin = card.frames()
    run(env, "aplay", written)
    heard(card, begin, data[data.index(b"data") + 8:], "mpg123 -w, aplay")


def with_config(daemon, env, more):
    """Read after ours, as ~/.asoundrc is."""
    path = daemon.dir / "asoundrc"
    path.write_text(open(env["ALSA_CONFIG_PATH"]).read() + more)
    return {**env, "ALSA_CONFIG_PATH": str(path)}


def old_settings(daemon, card):
    """An old ~/.asoundrc beside our files, the opt-in too, spoils nothing."""
    for default in False, True:
        env = with_config(daemon, alsa.environment(daemon, default), OLD)
        _, errors = run(env, "aplay", "-L")
        check(errors == b"", f"aplay -L: {errors}")
        for name in "default", "dsp0":  # as they were: dmix, of no card
            _, errors = run(env, "aplay", "-D", name, "/dev/null", status=None)
            check(b"slave PCM hw:0,0" in errors, f"{name}: {errors}")
        played(daemon, card, env, 8 + default, "aplay", "-D", "esdmix")


def behind():
    """The daemon on the page's asym; and on its dmix, which wants a card of
    the kernel's and takes no other."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-card-") as directory:
        card = Card(directory, rates=[RATE], formats=["S16_LE"], channels=[2])
        with contextlib.closing(card):
            card.config_path.write_text(card.config_path.read_text() + f"""
pcm.duplex {{
	type asym
	playback.pcm "{card.name}"
	capture.pcm "{card.name}"
}}
pcm.dmixer {{
	type dmix
	ipc_key 1024
	slave {{
		pcm "{card.name}"
		period_time 0
		period_size 1024
		buffer_size 4096
		rate 44100
	}}
	bindings {{ 0 0 1 1 }}
}}
""")
            with Daemon("dmixer,duplex", "--capture", "duplex", "-r", RATE,
                        *CARD, env=card.env) as daemon:
                until("it plays on asym", lambda: daemon.log_lines(
                    "duplex: playing"), PATIENCE)
                check(daemon.log_lines("dmixer: cannot be opened"),
                      "dmix was not tried")
                env = alsa.environment(daemon)
                played(daemon, card, env, 10, "aplay", "-D", "esdmix")
                check(is_ramp(recorded(daemon, env, "arecord", "-D",
                                       "esdmix")), "arecord through asym")
                print("the daemon on asym, dmix being passed over")


def front():
    with on_card(*CARD) as (daemon, card):
        in_front(daemon, card)


def beside():
    with on_card(*CARD) as (daemon, card):
        old_settings(daemon, card)


def main():
    need("aplay", "arecord", "amixer")
    together(front, beside, behind)


if __name__ == "__main__":
    main()
