#!/usr/bin/env python3
"""artscat, artsrec, artsplay and artsshell: against the daemon, and what speaks
aRts' own protocol also against a server by hand, as old and as strict as the
genuine one."""

import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile
import wave

from artsd import Artsd
from daemon import BUILD, LARGE, Daemon, check, free_port, on_card, until
from sound import is_ramp, noise, raw

RATE = 44100
USAGE = rb"usage: %s .*"


def run(name, *arguments, env, status=0, out=rb"", error=rb"", **more):
    """Holds its exit status and its outputs, as patterns, against those."""
    done = subprocess.run([str(BUILD / name), *map(str, arguments)], env=env,
                          capture_output=True, timeout=30, **more)
    for what, got, wanted in (("status", done.returncode, status),
                              ("output", done.stdout, out),
                              ("error", done.stderr, error)):
        right = got == wanted if what == "status" else \
            re.fullmatch(wanted, got, re.DOTALL)
        check(right, f"{name} {arguments}: {what} {got!r}, not {wanted!r}; "
              f"{done.stderr!r}")
    return done.stdout


def environment(daemon):
    env = dict(daemon.env, ESPEAKER=f"unix:{daemon.socket}")
    env.pop("ARTS_SERVER", None)
    return env


# --- raw sound ---------------------------------------------------------------

def options(env):
    for name in ("artscat", "artsrec", "artsplay"):
        run(name, "-h", env=env, status=1, error=USAGE % name.encode())
        run(name, "-v", env=env, out=rb"%s \S+\n" % name.encode())
    for name in ("artscat", "artsrec"):
        for words in (("-x",), ("-r", "fast"), ("-b", "12"), ("-c", "3"),
                      ("one", "two"), ("-r",)):
            run(name, *words, env=env, status=1,
                error=rb".*usage: %s .*" % name.encode())
    run("artsplay", env=env, status=1, error=USAGE % b"artsplay")
    run("artsplay", "one", "two", env=env, status=1,
        error=USAGE % b"artsplay")
    run("artscat", "/nonexistent", env=env, status=1, error=rb"artscat: "
        rb"Can't open file '/nonexistent': No such file or directory.\n")
    run("artscat", "/", env=env, status=1, error=rb"artscat: cannot read /: .*")
    nowhere = dict(env, ESPEAKER="unix:/nonexistent/socket", LOGNAME="nobody",
                   KDEHOME="/nonexistent", KDEROOTHOME="/nonexistent")
    for name in ("artscat", "artsrec"):
        run(name, env=nowhere, status=1, stdin=subprocess.DEVNULL,
            error=rb"artsc?\w+: Can't connect to sound server.*\n")
    run("artsplay", "x", env=nowhere, status=1,
        error=rb"artsplay: no sound server answers at \S+: .*\n")
    run("artsshell", "status", env=nowhere, status=1,
        error=rb"artsshell: unable to connect to sound server: .*\n")
    print("options, and no server")


def cat(daemon, card, env, directory):
    stereo, mono = noise(2 * 9000, 1), noise(4000, 2)
    file = directory / "stereo.raw"
    file.write_bytes(raw(stereo))
    twice = [v for v in mono for _ in "lr"]
    for arguments, data, wanted in (
            ((file,), b"", stereo),
            ((), raw(stereo), stereo),
            (("-c", 1, "-"), raw(mono), twice),
            (("-b", 8, "-c", "1"), bytes((v >> 8) + 128 for v in mono),
             [v >> 8 << 8 for v in twice])):
        before = len(card.played())
        run("artscat", *arguments, env=env, input=data)
        until(f"artscat {arguments} is heard, bit for bit",
              lambda: raw(wanted) in card.played()[before:])
    print("artscat is heard")


def rec(env, directory):
    file = directory / "ramp.raw"
    process = subprocess.Popen([str(BUILD / "artsrec"), str(file)], env=env)
    until("something is recorded", lambda: file.exists() and
          file.stat().st_size > RATE)
    process.terminate()
    check(process.wait(10) == -15, "artsrec ends by the signal")
    check(is_ramp(file.read_bytes()), "artsrec left a gap")
    process = subprocess.Popen([str(BUILD / "artsrec"), "-r", "8000", "-b", "8",
                                "-c", "1"], env=env, stdout=subprocess.PIPE)
    check(len(process.stdout.read(2000)) == 2000, "nothing on its output")
    process.kill()
    process.communicate(timeout=10)
    print("artsrec records")


def asks_to_play(daemon, card, env, directory):
    """The server opens the file, wherever the program runs; status 1 is
    success."""
    sound = noise(2 * 9000, 3)
    with wave.open(str(directory / "song.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", None))
        file.writeframes(raw(sound))
    until("it can be found", (daemon.mcop / "Arts_SoundServer").exists)
    run("artsplay", "song.wav", env=env, status=1, cwd=directory)
    until("the file is heard", lambda: raw(sound) in card.played())
    print("artsplay has esdmixd play")


# --- the genuine one ---------------------------------------------------------

STATUS = rb"""server status: running, autosuspend disabled
real-time status: not started through real-time wrapper
server buffer time: 40.6349 ms
buffer size multiplier: 5
minimum stream buffer time: 40.6349 ms
auto suspend time: 60 s
audio method: oss
sampling rate: 44100
channels: 2
sample size: 16 bits
duplex: half
device: /dev/dsp
fragments: 7
fragment size: 1024
"""
OLD_STATUS = rb"""server status: running, autosuspend disabled
real-time status: not started through real-time wrapper
server buffer time: 40.6349 ms
minimum stream buffer time: 40.6349 ms
"""


def commands(artsd):
    """Each once, and what the server was asked."""
    def shell(*words, **more):
        artsd.called.clear()
        run("artsshell", *words, env=artsd.env, **more)
        until("all is given back", artsd.balanced)
        return artsd.called

    shell("status", out=STATUS)
    check(shell("volume", out=rb"1\n") == ["_get_outVolume",
                                           "_get_scaleFactor"], "volume")
    shell("volume", "0.5")
    shell("volume", out=rb"0.5\n")
    shell("autosuspend", "7")
    shell("networkbuffers", "3")
    check(shell("suspend", error=rb"sound server suspended\n") ==
          ["_get_secondsUntilSuspend", "suspend"], "suspend")
    for idle, said in ((0, rb"was already suspended"), (-1, rb"is busy")):
        artsd.idle = idle
        check(shell("suspend", error=rb"sound server " + said + rb"\n") ==
              ["_get_secondsUntilSuspend"], "suspend")
    artsd.idle = 20
    shell("-q", "suspend")
    shell("status", out=rb"server status: running, will suspend in 20 s\n.*")
    shell("stereoeffect", "list", out=rb"Arts::StereoVolumeControl\n")
    shell("stereoeffect", "insert", "top", "Arts::Synth_FREEVERB", out=rb"3\n")
    shell("stereoeffect", "insert", "Arts::Synth_FREEVERB", out=rb"3\n")
    shell("stereoeffect", "insert", "Arts::No", error=rb"artsshell: .*\n")
    shell("stereoeffect", "remove", "3")
    for query, out in (("Interface=Arts::StereoEffect",
                        rb"Arts::StereoVolumeControl\n"),
                       ("Interface=Arts::PlayObject", rb""),
                       ("Language=C++", rb"")):
        shell("traderquery", query, out=out)
    check(artsd.settings == {
        "_set_autoSuspendSeconds": 7, "_set_bufferSizeMultiplier": 3,
        "insertTop": "Arts::Synth_FREEVERB", "remove": 3,
        "insertBottom": "Arts::Synth_FREEVERB"}, f"{artsd.settings}")
    check(not shell("version", out=rb"aRts version \S+\n"), "version asks")
    shell("help", out=rb"  status .*")
    shell("?", out=rb"  status .*")
    for wrong in (("play",), ("volume", "loud"), ("volume", "-1"),
                  ("autosuspend",), ("status", "now"),
                  ("networkbuffers", "0"), ("traderquery", "x"),
                  ("stereoeffect", "insert", "left", "Arts::No")):
        shell(*wrong, out=USAGE % b"artsshell")
    shell("terminate", error=rb"sound server terminated\n")


def scripts(artsd, directory):
    file = directory / "script"
    file.write_text("volume 2\n\n  volume\nnonsense\nversion")
    invalid = rb"Invalid command, type 'help' for a list of commands.\n"
    out = rb"2\naRts version \S+\n"
    run("artsshell", "-f", file, env=artsd.env, out=out, error=invalid)
    run("artsshell", env=artsd.env, out=out, error=invalid,
        input=file.read_bytes())
    run("artsshell", "-q", env=artsd.env, out=out, input=file.read_bytes())
    run("artsshell", "-f", "/nonexistent", env=artsd.env,
        error=rb"artsshell: cannot open /nonexistent: .*\n")
    run("artsshell", "-x", env=artsd.env, status=1,
        error=rb".*usage: artsshell .*")
    run("artsshell", "-h", env=artsd.env, out=USAGE % b"artsshell")
    run("artsshell", "-v", env=artsd.env, out=rb"artsshell \S+\n")

    # With a prompt, where somebody types.
    master, slave = pty.openpty()
    process = subprocess.Popen([str(BUILD / "artsshell")], env=artsd.env,
                               stdin=slave, stdout=subprocess.PIPE)
    os.close(slave)
    os.write(master, b"volume\n\x04")
    out = process.communicate(timeout=20)[0]
    os.close(master)
    check(out == b"> 2\n> ", f"at a terminal: {out}")


def plays(artsd, directory):
    run("artsplay", "song.wav", env=artsd.env, status=1, cwd=directory)
    check(artsd.settings["play"] == f"{directory}/song.wav",
          f"it plays {artsd.settings['play']}")
    run("artsplay", "/missing", env=artsd.env, status=0)
    until("all is given back", artsd.balanced)


def genuine(directory):
    with Artsd(directory) as artsd:
        commands(artsd)
        scripts(artsd, directory)
        plays(artsd, directory)
    with Artsd(directory, old=True) as artsd:
        run("artsshell", "status", env=artsd.env, out=OLD_STATUS)
        run("artsshell", "volume", env=artsd.env, error=rb"artsshell: volume: "
            rb"the sound server is too old for _get_outVolume\n")
    for more in ({"wide": True}, {"open": True}, {"open": True, "tcp": True}):
        with Artsd(directory, **more) as artsd:
            run("artsshell", "status", env=artsd.env, out=STATUS)
            until("all is given back", artsd.balanced)
    with Artsd(directory, tcp=True) as artsd:
        run("artsshell", "status", env=artsd.env, status=1,
            error=rb".*wants a key.*\n")
    print("a genuine server is asked, and nothing of it is kept")


def hostile(directory):
    """What is found may be anybody's."""
    with Artsd(directory) as artsd:
        file = artsd.dir / "Arts_SoundServer"
        whole = file.read_text()
        for text in (whole + "\n", whole[:-1], whole[:-2], "", "MCOP-Object:",
                     "x" * 9000, "MCOP-Object:7fffffff", whole[:20]):
            file.write_text(text)
            run("artsshell", "status", env=artsd.env, status=1,
                error=rb"artsshell: unable to connect to sound server: .*\n")
        file.write_text(whole)
        artsd.dir.chmod(0o777)
        run("artsshell", "status", env=artsd.env, status=1,
            error=rb".*Operation not permitted.*\n")
        artsd.dir.chmod(0o700)
        moved = artsd.dir.with_suffix(".moved")
        artsd.dir.rename(moved)
        artsd.dir.symlink_to(moved)
        run("artsshell", "status", env=artsd.env, status=1,
            error=rb".*Operation not permitted.*\n")
        artsd.dir.unlink()
        moved.rename(artsd.dir)
    print("references that are none, directories that are not ours")


# --- the daemon --------------------------------------------------------------

def on_esdmixd(directory):
    with Daemon("null", "-r", RATE) as daemon:
        env = environment(daemon)
        until("it can be found", (daemon.mcop / "Arts_SoundServer").exists)
        status = run("artsshell", "status", env=env, out=rb"server status: .*")
        check(b"sampling rate: 44100\nchannels: 2\nsample size: 16 bits\n" in
              status, f"{status}")
        run("artsshell", "volume", env=env, out=rb"1\n")
        run("artsshell", "volume", "0.5", env=env)
        run("artsshell", "volume", env=env, out=rb"0.5\n")
        master = daemon.tool("esdctl", "status").stdout
        check(b"master     50%\n" in master, f"{master}")
        until("it is suspended", lambda: subprocess.run(
            [str(BUILD / "artsshell"), "suspend"], env=env,
            capture_output=True).stderr.endswith(b"suspended\n"))
        until("it is asleep", lambda: b"asleep" in
              daemon.tool("esdctl", "status").stdout)
        run("artsshell", "suspend", env=env,
            error=rb"sound server was already suspended\n")
        run("artsshell", "networkbuffers", "4", env=env)
        run("artsshell", "autosuspend", "30", env=env)
        status = run("artsshell", "status", env=env, out=rb".*")
        check(b"server status: suspended\n" in status and
              b"buffer size multiplier: 4\n" in status and
              b"auto suspend time: 30 s\n" in status, f"{status}")
        run("artsshell", "terminate", env=env,
            error=rb"sound server terminated\n")
        check(daemon.process.wait(10) == 0, "it does not end in order")
    print("esdmixd is asked by aRts' own protocol")


def over_tcp(port):
    """ARTS_SERVER; only who admits everybody can be reached that way."""
    for options, status, error in (
            (("--promiscuous",), 0, rb""), ((), 1, rb".*wants a key.*\n")):
        with Daemon("null", "--arts-tcp", "--arts-port", port,
                    *options) as daemon:
            env = dict(environment(daemon), ARTS_SERVER=f"127.0.0.1:{port}")
            until("it can be found",
                  (daemon.mcop / "Arts_SoundServer").exists)
            run("artsshell", "status", env=env, status=status, error=error,
                out=rb".*")
    for wrong in ("127.0.0.1", "127.0.0.1:0", ":", "[::1", "x" * 400 + ":1",
                  f"127.0.0.1:{port}"):
        run("artsshell", "status", env=dict(env, ARTS_SERVER=wrong), status=1,
            error=rb"artsshell: unable to connect to sound server: .*\n")
    print("ARTS_SERVER")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        with on_card(*LARGE) as (daemon, card):
            env = environment(daemon)
            options(env)
            cat(daemon, card, env, directory)
            rec(env, directory)
            asks_to_play(daemon, card, env, directory)
        genuine(directory)
        hostile(directory)
        on_esdmixd(directory)
        over_tcp(free_port())


if __name__ == "__main__":
    sys.exit(main())
