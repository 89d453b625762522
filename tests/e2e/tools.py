#!/usr/bin/env python3
"""esdcat and esdctl: command lines, messages, exit statuses."""

import os
import pathlib
import re
import subprocess
import tempfile
import threading

from daemon import BUILD, Daemon, check, until
from sound import first_sound, noise, raw, words

SAYS = r"opening socket, format = 0x%08x at %d Hz\n"


def expect(result, status, out=None, err=None):
    """Checks an exit status, and what was printed against patterns."""
    what = " ".join(str(word) for word in result.args)
    stdout, stderr = result.stdout.decode(), result.stderr.decode()
    check(result.returncode == status,
          f"{what}: status {result.returncode}, not {status}: {stderr}")
    for name, text, pattern in (("stdout", stdout, out),
                                ("stderr", stderr, err)):
        if pattern is not None:
            check(re.fullmatch(pattern, text, re.DOTALL),
                  f"{what}: {name} is {text!r}, not {pattern!r}")
    return stdout


def one_line(tool, *words):
    """A pattern: one line, from that tool, with all those words in order."""
    return tool + ": [^\n]*" + "[^\n]*".join(map(re.escape, words)) + "[^\n]*\n"


def esdcat_plays(daemon, mix, directory):
    sound = noise(2 * 4410, 1)
    file = directory / "sound.raw"
    file.write_bytes(raw(sound))
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    says = SAYS % (0x1021, 44100)

    expect(daemon.tool("esdcat", file), 0, "", says)
    heard(daemon, mix, sound, "a file")
    expect(daemon.tool("esdcat", input=file.read_bytes()), 0, "", says)
    heard(daemon, mix, sound, "standard input")
    feeder = threading.Thread(
        target=lambda: fifo.write_bytes(file.read_bytes()))
    feeder.start()
    expect(daemon.tool("esdcat", fifo), 0, "", says)
    feeder.join()
    heard(daemon, mix, sound, "a FIFO")
    expect(daemon.tool("esdcat", "-b", "-m", "-r", 8000, input=b"\x80"), 0, "",
           SAYS % (0x1010, 8000))
    expect(daemon.tool("esdcat", "-b", "-r", 22050, "/dev/null"), 0, "",
           SAYS % (0x1020, 22050))
    expect(daemon.tool("esdcat", file, "/dev/null"), 0, "",
           one_line("esdcat", "ignoring", "/dev/null") + says)


def heard(daemon, mix, sound, what):
    """The mix ends with that sound, bit by bit."""
    daemon.wait_silent()
    expected = raw(sound)

    def is_out():
        data = mix.read_bytes()
        at = data.rfind(expected)
        return at >= 0 and len(data) > at + len(expected) + 4096

    until(f"the sound of {what} is written", is_out)
    mix_words = words(mix.read_bytes()[:mix.stat().st_size // 4 * 4])
    check(first_sound(mix_words) is not None, "silence")
    os.truncate(mix, 0)
    print(f"esdcat played {what}")


def esdcat_names(daemon, directory):
    """The stream's name is -n or the file, whichever comes last."""
    cases = ((("-n", "one", "FILE"), "FILE"), (("FILE", "-n", "two"), "two"),
             (("-n", "three"), "three"), ((), ""), (("--name=four",), "four"))
    with daemon.client() as control:
        for number, (arguments, name) in enumerate(cases):
            fifo = directory / f"fifo{number}"
            os.mkfifo(fifo)
            has_file = "FILE" in arguments
            words = [str(fifo) if word == "FILE" else word
                     for word in arguments]
            command = [*daemon_tool(daemon, "esdcat"), *words]
            process = subprocess.Popen(command, env=daemon.env,
                                       stdin=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
            feeder = open(fifo, "wb") if has_file else process.stdin
            wanted = (str(fifo) if name == "FILE" else name).encode()
            until(f"a player named {wanted} is listed",
                  lambda wanted=wanted: control.player(wanted))
            feeder.close()
            process.stdin.close()
            check(process.wait(10) == 0, f"esdcat {words} failed")
            daemon.wait_silent()
    print("esdcat names its stream")


def daemon_tool(daemon, name):
    return [str(BUILD / name), "-s", f"unix:{daemon.socket}"]


def esdcat_complains(daemon, directory):
    for arguments, words in (
            (("/nonexistent/file",), ("/nonexistent/file", "No such file")),
            ((directory,), (str(directory), "Is a directory")),
            (("-r", "fast"), ("-r fast", "frames per second")),
            (("-r", "0"), ("-r 0", "frames per second")),
            (("-r", "-8000"), ("-r -8000",)),
            (("-r", "99999999999999"), ("-r",)),
            (("-r",), ("-r", "needs a value")),
            (("-s",), ("-s", "needs a value")),
            (("-n",), ("-n", "needs a value")),
            (("-x",), ("-x", "no option")),
            (("--loud",), ("--loud", "no option")),
            (("--help=me",), ("--help=me", "no value")),
            (("-s", "unix:/nonexistent/socket"),
             ("no daemon answers at /nonexistent/socket", "No such file",
              "start esdmixd")),
            (("-s", "127.0.0.1:1"), ("127.0.0.1:1", "Connection refused")),
            (("-s", "x" * 300), ("too long",)),
    ):
        expect(daemon.tool("esdcat", *arguments, stdin=subprocess.DEVNULL), 1,
               "", one_line("esdcat", *words))
    # No daemon at any of the usual places.
    env = dict(daemon.env, XDG_RUNTIME_DIR=str(directory))
    result = subprocess.run([daemon_tool(daemon, "esdcat")[0], "/dev/null"],
                            env=env, capture_output=True)
    expect(result, 1, "", one_line("esdcat", "no daemon answers at",
                                   "start esdmixd", "-s"))
    for word in ("-h", "--help"):
        help = expect(daemon.tool("esdcat", word), 0, "usage: esdcat .*", "")
        for option in ("-s", "-n", "-b", "-m", "-r"):
            check(f"  {option}," in help, f"esdcat {word} lacks {option}")
    expect(daemon.tool("esdcat", "--version"), 0, r"esdcat \S+\n", "")
    print("esdcat complains in one line")


def esdcat_loses_its_daemon(daemon):
    """A stream the daemon refuses or drops is an error, not a signal."""
    process = subprocess.Popen(daemon_tool(daemon, "esdcat"), env=daemon.env,
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    with daemon.client() as control:
        until("the stream is listed", control.all_info)
    daemon.stop()
    try:
        for _ in range(1000):
            process.stdin.write(bytes(4096))
    except BrokenPipeError:
        pass
    error = process.communicate()[1].decode() if not process.stdin.closed \
        else process.stderr.read().decode()
    check(process.wait(10) == 1, f"esdcat ended with {process.returncode}")
    check("closes the stream" in error, f"esdcat said {error!r}")
    print("esdcat survives its daemon")


def esdctl(daemon):
    server = ("server version = 0\nserver format  = 0x00000021\n"
              "server rate    = 44100\n")
    expect(daemon.tool("esdctl", "serverinfo"), 0, re.escape(server), "")
    expect(daemon.tool("esdctl", "allinfo"), 0, re.escape(server), "")
    with daemon.client() as old, daemon.client() as new, \
            daemon.client() as control:
        old.play(0x1021, 44100, b"demo")
        until("demo is listed", lambda: control.player(b"demo"))
        new.play(0x0010, 8000, b"tone")
        first = until("demo", lambda: control.player(b"demo"))[0]
        second = until("tone", lambda: control.player(b"tone"))[0]

        def player(id, name, format, rate, left, right):
            return (f"player {id} name    = {name}\n"
                    f"player {id} format  = 0x{format:08x}\n"
                    f"player {id} rate    = {rate}\n"
                    f"player {id} left    = {left}\n"
                    f"player {id} right   = {right}\n")

        listing = server + player(first, "demo", 0x1021, 44100, 256, 256) + \
            player(second, "tone", 0x0010, 8000, 256, 256)
        expect(daemon.tool("esdctl", "allinfo"), 0, re.escape(listing), "")
        expect(daemon.tool("esdctl", "panstream", first, 10, 20, "serverinfo",
                           "allinfo"), 0,
               re.escape(server + listing.replace(
                   "256", "10", 1).replace("256", "20", 1)), "")
        expect(daemon.tool("esdctl", "panstream", 999999, 1, 1), 0, "",
               one_line("esdctl", "no stream 999999"))
    expect(daemon.tool("esdctl", "latency"), 0,
           r"server latency = \d+ frames \(\d+\.\d ms\)\n", "")
    print("esdctl asks and tells")


def esdctl_complains(daemon):
    usage = "usage: esdctl .*"
    lists = "usage: esdctl .*serverinfo.*allinfo.*panstream.*latency.*"
    expect(daemon.tool("esdctl", server=False), 1, "", lists)
    expect(daemon.tool("esdctl"), 3, "", "esdctl: no command\n" + lists)
    expect(daemon.tool("esdctl", "dance"), 3, "",
           "esdctl: dance is no command\n" + lists)
    expect(daemon.tool("esdctl", "serverinfo", "dance"), 3,
           "server version = 0\n.*", "esdctl: dance is no command\n" + lists)
    for arguments in (("panstream",), ("panstream", 1), ("panstream", 1, 2)):
        expect(daemon.tool("esdctl", *arguments), 3, "",
               one_line("esdctl", "panstream needs", "ID LEFT RIGHT"))
    for arguments in ((0, 1, 1), ("x", 1, 1), (1, "loud", 1), (1, 1, "1x")):
        expect(daemon.tool("esdctl", "panstream", *arguments), 3, "",
               one_line("esdctl", "panstream: "))
    expect(daemon.tool("esdctl", "-x"), 2, "", one_line("esdctl", "-x"))
    expect(daemon.tool("esdctl", "--loud"), 2, "",
           one_line("esdctl", "--loud"))
    expect(daemon.tool("esdctl", "-s", server=False), 2, "",
           one_line("esdctl", "-s needs a value"))
    for word in ("-h", "--help"):
        expect(daemon.tool("esdctl", word), 0, "", usage)
    for word in ("-v", "--version"):
        expect(daemon.tool("esdctl", word), 0, r"esdctl \S+\n", "")
    expect(daemon.tool("esdctl", "-s", "unix:/nonexistent/s", "serverinfo"), 1,
           "", one_line("esdctl", "no daemon answers at /nonexistent/s",
                        "start esdmixd"))
    expect(daemon.tool("esdctl", f"--server=unix:{daemon.socket}", "-p", "x",
                       "--prefix=y", "--file=z", "serverinfo", server=False),
           0, "server version = 0\n.*", "")
    print("esdctl complains")


def addresses(daemon):
    """ESPEAKER, and the runtime directory when nothing is named."""
    tool = daemon_tool(daemon, "esdctl")[0]
    for env, status in (
            ({"ESPEAKER": f"unix:{daemon.socket}"}, 0),
            ({}, 0),
            ({"ESPEAKER": ""}, 0),
            ({"ESPEAKER": "localhost"}, 0),
            ({"DISPLAY": ":0"}, 0),
            ({"DISPLAY": "localhost:10.0"}, 0),
            ({"ESPEAKER": "unix:/nonexistent", "DISPLAY": ":0"}, 1),
            ({"DISPLAY": "127.0.0.1:0"}, 1),
            ({"ESPEAKER": "127.0.0.1:1"}, 1),
            ({"ESPEAKER": "[::1]:1"}, 1),
    ):
        result = subprocess.run([tool, "serverinfo"], capture_output=True,
                                env=dict(daemon.env, **env))
        check(result.returncode == status,
              f"{env}: status {result.returncode}: {result.stderr.decode()}")
    print("servers are found by ESPEAKER, DISPLAY and the runtime directory")


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        mix = directory / "mix.raw"
        with Daemon(f"file:{mix}", "-r", 44100, "--format", "S16_LE",
                    "--period", 2048, "--periods", 8) as daemon:
            esdctl(daemon)
            esdctl_complains(daemon)
            addresses(daemon)
            esdcat_plays(daemon, mix, directory)
            esdcat_names(daemon, directory)
            esdcat_complains(daemon, directory)
            esdcat_loses_its_daemon(daemon)


if __name__ == "__main__":
    main()
