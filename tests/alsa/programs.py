#!/usr/bin/env python3
"""ALSA's own programs, and others, play on and record from the daemon by the
plugin, each in its ways: the samples at the card are those that went in."""

import os
import shutil
import struct
import subprocess
import wave

import alsa
from alsa import (FRAME, CARD, PATIENCE, RATE, heard, loud, raw_options, run,
                  same)
from daemon import BUILD, Daemon, check, on_card, together, until
from sound import digits, is_ramp, noise, raw, words

TRIES = 3  # for a machine so busy that a recorder was late
FRAMES = 8000
# What a program's sound becomes by alsa-lib's own conversion: it goes to a
# file instead of the daemon, of what the plugin takes.
REFERENCE = """
pcm.reference {{ type plug slave {{ pcm {{ type file file "{path}" format raw
    slave.pcm {{ type null }} }} format {form} channels {channels} rate {rate} }}
    route_policy average }}
"""


def two_files():
    """Two aplay at once: exactly their sum."""
    parts = [noise(2 * FRAMES, 10 + i, 3) for i in range(2)]
    with on_card(*CARD) as (daemon, card):
        env = alsa.environment(daemon)
        begin = card.frames()
        players = []
        for i, part in enumerate(parts):
            path = daemon.dir / f"{i}.raw"
            path.write_bytes(raw([8 ** i * value for value in part]))
            players.append(alsa.start(env, "aplay", "-D", "esdmix",
                                      *raw_options(), path))
        for player in players:
            alsa.finish(player)
        wanted = [loud(raw(part)) for part in parts]

        def got():
            played = words(card.played()[begin * FRAME:])
            return [loud(raw(part)) for part in digits(played, 2)]

        until("both files come out",
              lambda: list(map(len, got())) == list(map(len, wanted)),
              PATIENCE)
        for i in range(2):
            same(f"aplay, file {i} of two", got()[i], wanted[i])


def by_default():
    """No PCM is named: a WAV file on what is the default."""
    sound = raw(noise(2 * FRAMES, 20))
    with on_card(*CARD) as (daemon, card):
        path = daemon.dir / "file.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", None))
            file.writeframes(sound)
        begin = card.frames()
        out, err = run(alsa.environment(daemon, default=True), "aplay", path)
        check(out == b"" and b"Playing WAVE" in err, f"aplay says {err}")
        heard(card, begin, sound, "aplay file.wav")


def reference(daemon, command, form="S16_LE", channels=2, rate=RATE):
    """What that command plays on the PCM "reference"."""
    path = daemon.dir / "reference.raw"
    path.unlink(missing_ok=True)
    run(alsa.environment(daemon, more=REFERENCE.format(
        path=path, form=form, channels=channels, rate=rate)), *command)
    return path.read_bytes()


def sample_bytes(form):
    """Some stereo sound in that format."""
    values = noise(2 * 2000, 33)
    if form == "FLOAT_LE":
        return struct.pack(f"<{len(values)}f", *(v / 32768 for v in values))
    if form == "S32_LE":
        return struct.pack(f"<{len(values)}i", *(v << 16 for v in values))
    return b"".join(struct.pack("<i", v << 8)[:3] for v in values)


def ways():
    """Accesses, formats and numbers of channels, one after the other."""
    with on_card(*CARD) as (daemon, card):
        env = alsa.environment(daemon)
        path = daemon.dir / "sound.raw"

        def play(what, pcm, options, data, want=None):
            path.write_bytes(data)
            begin = card.frames()
            run(env, "aplay", "-D", pcm, *options, path)
            if want is None:
                want = reference(daemon, ("aplay", "-D", "reference", *options,
                                          path))
            check(loud(want), f"{what}: nothing is wanted")
            heard(card, begin, want, what)

        sound = noise(2 * FRAMES, 30)
        for extra in ("-M",), ("--period-size=128", "--buffer-size=256"):
            for pcm in "esd", "esdmix":
                play(f"aplay -D {pcm} {' '.join(extra)}", pcm,
                     (*extra, *raw_options()), raw(sound), raw(sound))
        play("S16_BE", "esd", raw_options("S16_BE"), raw(sound, ">"),
             raw(sound))
        byte = [*range(1, 256)] * 10
        play("U8 mono", "esd", raw_options("U8", 1), bytes(byte),
             raw([(value - 128) * 256 for value in byte for _ in range(2)]))
        for form in "S32_LE", "S24_3LE", "FLOAT_LE":
            play(form, "esdmix", raw_options(form), sample_bytes(form))
        for channels in 3, 6, 8:
            play(f"{channels} channels", "esdmix",
                 raw_options("S16_LE", channels),
                 raw(noise(channels * 2000, 40 + channels)))


def rates():
    """From the slowest to the fastest: as long as it should be."""
    with on_card(*CARD) as (daemon, card):
        env = alsa.environment(daemon)
        path = daemon.dir / "sound.raw"
        for rate in 4000, 192000:
            count = rate // 5
            path.write_bytes(raw([8000] * 2 * count))
            begin = card.frames()
            run(env, "aplay", "-D", "esd", *raw_options(rate=rate), path)
            daemon.wait_silent()
            want = count * RATE // rate
            until(f"{rate} Hz: all of it comes out", lambda: len(loud(
                card.played()[begin * FRAME:])) > want * 0.95, PATIENCE)


def speaker_test():
    options = ("-c2", "-s1", "-l1", "-t", "sine", "-F", "S16_LE", "-r",
               str(RATE), "-b", "200000", "-p", "50000")
    with on_card(*CARD) as (daemon, card):
        begin = card.frames()
        run(alsa.environment(daemon), "speaker-test", "-D", "esdmix", *options)
        want = reference(daemon, ("speaker-test", "-D", "reference", *options))
        got = until("speaker-test is heard",
                    lambda: loud(card.played()[begin * FRAME:]))
        # It ends without waiting for what it has written last.
        want = loud(want)
        check(len(want) > RATE and len(got) > len(want) - RATE,
              f"{len(got)} frames, not {len(want)}")
        same("speaker-test", got, want[:len(got)])


def mpg123():
    with on_card(*CARD) as (daemon, card):
        path = daemon.dir / "song.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", None))
            file.writeframes(raw(noise(2 * 20000, 50, 8000)))
        song = daemon.dir / "song.mp3"
        run(daemon.env, "lame", "--quiet", "-b", "192", path, song)
        want, _ = run(daemon.env, "mpg123", "-q", "-s", song)
        begin = card.frames()
        run(alsa.environment(daemon), "mpg123", "-q", "-o", "alsa", "-a",
            "esdmix", song)
        heard(card, begin, want, "mpg123")


def recordings():
    """Three at once; what they said, and the frames that each has."""
    with on_card(*CARD) as (daemon, _):
        env = alsa.environment(daemon)
        paths = [daemon.dir / f"{i}.raw" for i in range(3)]
        running = [alsa.start(env, "arecord", "-D", pcm, *extra,
                              *raw_options(), "-s", "20000", path)
                   for (pcm, *extra), path in zip(
                       (("esdmix",), ("esd", "-M"), ("esd",)), paths)]
        said = b"".join(alsa.finish(process)[1] for process in running)
        return said, [path.read_bytes() for path in paths]


def three_recorders():
    """Each without a gap: the card's frames are numbered, so that what two of
    them have of one moment is the same."""
    for left in reversed(range(TRIES)):
        said, data = recordings()
        if b"overrun" not in said or not left:
            break
    for one in data:
        check(len(one) >= 20000 * FRAME, f"{len(one) // FRAME} frames")
        check(is_ramp(one), f"a recording has a gap: {said}")
    numbers = [set(loud(one)) for one in data]
    check(set.intersection(*numbers), "they have no moment in common")


def listing():
    """aplay -L shows it; nobody else's names come in."""
    with Daemon() as daemon:
        out, _ = run(alsa.environment(daemon), "aplay", "-L")
        check(b"esdmix\n" in out and b"esdmixd, the sound daemon\n" in out,
              f"aplay -L: {out}")


def without_daemon():
    """One sentence on standard error, with the remedy."""
    with Daemon() as daemon:
        env = alsa.environment(daemon)
        env["ESPEAKER"] = f"unix:{daemon.dir}/nobody"
        for pcm in "esd", "esdmix":
            out, err = run(env, "aplay", "-q", "-D", pcm, "/dev/zero", status=1)
            check(out == b"" and err.count(b"no daemon answers at") == 1 and
                  b"start esdmixd" in err, f"aplay without a daemon: {err}")
        env["ALSA_CONFIG_PATH"] = alsa.environment(
            daemon, more='pcm.bad { type esd sever "x" }')["ALSA_CONFIG_PATH"]
        _, err = run(env, "aplay", "-q", "-D", "bad", "/dev/zero", status=1)
        check(b"sever: no such key" in err, f"a key that is wrong: {err}")


def symbols():
    """It brings nothing into a program but what alsa-lib looks up."""
    for place in ".libs", "lib32":
        path = BUILD / place / "libasound_module_pcm_esd.so"
        if not path.exists():
            continue
        out = subprocess.run(
            ["nm", "-D", "--with-symbol-versions", str(path)],
            check=True, capture_output=True, text=True).stdout
        rows = [line.split()[-2:] for line in out.splitlines()]
        names = sorted(name for kind, name in rows if kind in "BDTR")
        check(names == ["__snd_pcm_esd_open_dlsym_pcm_001",
                        "_snd_pcm_esd_open"], f"{path} exports {names}")
        plain = [name for kind, name in rows
                 if name.startswith("snd_") and "@ALSA_0.9" not in name]
        check(not plain, f"{path}: {plain} are of no version")


def main():
    alsa.need("aplay", "arecord", "speaker-test")
    cases = [ways, two_files, by_default, rates, three_recorders, listing,
             without_daemon, symbols]
    if os.environ.get("ESDMIXD_LONG") == "1":
        cases.append(speaker_test)  # which takes 3 s for each channel
    if all(map(shutil.which, ("mpg123", "lame"))):
        cases.append(mpg123)
    together(*cases)


if __name__ == "__main__":
    main()
