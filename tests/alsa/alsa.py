"""What the tests of the ALSA plugins share: alsa-lib's configuration, which
knows nothing but our own files and what a test adds, and programs run by it."""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from daemon import BUILD, check, fail, until  # noqa: E402
from sound import FRAME  # noqa: E402

ETC = HERE.parents[1] / "etc" / "alsa"
RATE = 44100
SKIPPED = 77
PATIENCE = 30.0  # seconds for whatever a program does
# Where a busy machine is late there is silence, which is fine.
CARD = ("--period", 1024, "--periods", 4)


def text(default=False, more="", libraries=".libs"):
    """alsa-lib's configuration; default: esd is the default, too."""
    lines = ["defaults.namehint.basic on", more]
    for kind in "pcm", "ctl":
        library = BUILD / libraries / f"libasound_module_{kind}_esd.so"
        lines.append(f'{kind}_type.esd {{ lib "{library}" }}')
    lines.append((ETC / "50-esd.conf").read_text())
    if default:
        lines.append((ETC / "99-esd-default.conf").read_text())
    return "\n".join(lines)


def environment(daemon, default=False, more="", libraries=".libs"):
    """Of a program that plays on that daemon."""
    path = daemon.dir / f"asound-{default}.conf"
    path.write_text(text(default, more, libraries))
    return {**daemon.env, "ALSA_CONFIG_PATH": str(path),
            "ESPEAKER": f"unix:{daemon.socket}"}


def need(*programs):
    """Skips the test where one is missing."""
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        sys.exit(SKIPPED)


def start(env, *command, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([str(word) for word in command], env=env, **more)


def finish(process, status=0, seconds=PATIENCE):
    """Waits for it: what it wrote to standard output and error."""
    what = " ".join(map(str, process.args))[:200]
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        fail(f"{what}: was at it for {seconds} s: {err}")
    check(status is None or process.returncode == status,
          f"{what}: ended with {process.returncode}: {err}")
    return out, err


def run(env, *command, **more):
    return finish(start(env, *command), **more)


def raw_options(form="S16_LE", channels=2, rate=RATE):
    return ["-q", "-t", "raw", "-f", form, "-c", str(channels), "-r",
            str(rate)]


def loud(data):
    """The frames that are not silent.  A machine that pauses may make a
    program late, and there is silence then, but nothing is lost."""
    frames = memoryview(data[:len(data) // FRAME * FRAME]).cast("I")
    return [frame for frame in frames if frame]


def heard(card, begin, want, what):
    """All of `want` comes out from that frame on, and nothing else."""
    want = loud(want)

    def got():
        return loud(card.played()[begin * FRAME:])

    until(f"{what}: all of it comes out", lambda: len(got()) >= len(want),
          PATIENCE)
    same(what, got(), want)


def same(what, got, want):
    for i, (a, b) in enumerate(zip(got, want)):
        check(a == b, f"{what}: frame {i} is {a:08x}, not {b:08x}")
    check(len(got) == len(want),
          f"{what}: {len(got)} frames, not {len(want)}")
    print(f"{what}: {len(want)} frames exact")
