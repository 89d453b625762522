"""What the tests with real OSS programs share: programs run under esddsp, what
came out of the card compared with what went in, and the rows of
docs/works-with.md.

A test states its rows in works-with order by row(); what went well or not is
kept in the build directory, from where tests/e2e/works-with.py makes the page.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import threading

from daemon import BUILD, check, fail, on_card, until

RATE = 44100
FRAME = 4
# What outlasts a busy machine's pauses.
LARGE = ("--period", 1024, "--periods", 16)
PATIENCE = 30.0  # seconds for a program to play what it was given
TRIES = 3  # for a machine so busy that a program was late
SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parent / "oss"

RESULTS = BUILD / "works-with.d"
NAME = pathlib.Path(sys.argv[0]).stem
LOCK = threading.Lock()


def version(package):
    """Of that Debian package, or "" where there is none."""
    if not package or not shutil.which("dpkg-query"):
        return ""
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                           capture_output=True, text=True)
    return asked.stdout if asked.returncode == 0 else ""


def note(*fields):
    """One more row, in a file of this test's own."""
    with LOCK:
        RESULTS.mkdir(exist_ok=True)
        with open(RESULTS / f"{NAME}.tsv", "a") as file:
            file.write("\t".join(fields) + "\n")


def forget():
    """Before the first row: what an earlier run of this test left."""
    (RESULTS / f"{NAME}.tsv").unlink(missing_ok=True)


class Row:
    """One line of the page.

    program   as one would type it
    package   Debian's, or "" for a program of ours
    way       how the devices reach it: "preload 64", "preload 32", "static"
    compared  what was compared with what
    needs     commands that must be there; the row is skipped where not
    why_not   another reason to skip it
    """

    def __init__(self, program, package, way, compared, needs=(),
                 why_not=None):
        self.fields = (program, package, way, compared)
        missing = [name for name in needs if not shutil.which(name)]
        self.why_not = f"no {', '.join(missing)}" if missing else why_not

    def run(self, function, *arguments):
        """True: it went well; False: it was skipped.  Else SystemExit.  What
        function says, if it does, is told with the result."""
        program, package, way, compared = self.fields
        result = f"skipped: {self.why_not}"
        try:
            if not self.why_not:
                result = "fails"
                said = function(*arguments)
                result = f"works: {said}" if said else "works"
        finally:
            note(program, f"{package} {version(package)}".strip(), way,
                 compared, result)
            print(f"{program} ({way}): {result}", flush=True)
        return not self.why_not


def run_rows(*jobs):
    """(row, function, argument...) each, side by side; ends the test."""
    forget()
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(row.run, *rest) for row, *rest in jobs]
        concurrent.futures.wait(running)
    failed = [job.exception() for job in running if job.exception()]
    for error in failed:
        print(error, file=sys.stderr)
    if failed:
        raise failed[0]
    if not any(job.result() for job in running):
        sys.exit(SKIPPED)


def wrapped(daemon, *command, env=None, **more):
    """The program under esddsp: a Popen whose output goes to one pipe."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.STDOUT)
    return subprocess.Popen(
        [str(BUILD / "esddsp"), *map(str, command)],
        env={**daemon.env, "ESPEAKER": f"unix:{daemon.socket}", **(env or {})},
        cwd=daemon.dir, **{**daemon.user, **more})


def finish(process, status=0, seconds=PATIENCE):
    """Waits for it; what it printed."""
    what = pathlib.Path(process.args[1]).name
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        fail(f"{what} was at it for {seconds} s: {said}")
    check(process.returncode == status,
          f"{what} ended with {process.returncode}: {said}")
    return said


def sounding(data):
    """Without silent frames at either end."""
    begin = (len(data) - len(data.lstrip(b"\0"))) // FRAME * FRAME
    end = -(-len(data.rstrip(b"\0")) // FRAME) * FRAME
    return data[begin:end]


def alike(got, want):
    """How many bytes are the same in both, in whole frames."""
    size = min(len(got), len(want)) // FRAME * FRAME
    if got[:size] == want[:size]:
        return size
    low, high = 0, size
    while high - low > FRAME:
        middle = (low + high) // 2 // FRAME * FRAME
        if got[low:middle] == want[low:middle]:
            low = middle
        else:
            high = middle
    return low


def pieces(got, want):
    """In how many pieces, with silence between, want is in got; or a sentence
    that says where it is not."""
    got, count, at = sounding(got), 1, 0
    while True:
        same = alike(got, want[at:])
        at, got = at + same, got[same:]
        if at == len(want):
            return count
        rest = sounding(got)
        gap = len(got) - len(rest)
        if not rest:
            return f"only {at // FRAME} of {len(want) // FRAME} frames came out"
        if got[:FRAME] != bytes(FRAME) or rest[:FRAME] != want[at:at + FRAME]:
            return (f"frame {at // FRAME} of {len(want) // FRAME} is "
                    f"{got[:16].hex()}, not {want[at:at + 16].hex()} "
                    f"(then {gap // FRAME} frames of silence)")
        got, count = rest, count + 1


def comes_out(daemon, card, start, want):
    """Waits until the reference's end is out; as pieces()."""
    want = sounding(want)
    tail = want[-64 * FRAME:]
    with contextlib.suppress(SystemExit):
        until("the last of it is at the card",
              lambda: tail in card.played()[start * FRAME:], PATIENCE / 3)
    return pieces(card.played()[start * FRAME:], want)


def plays(want, run, *options, rate=RATE, mapped=False):
    """A daemon, a card, and run(daemon), which returns when its program has
    ended: want comes out in one piece, bit for bit.

    mapped   where its program is late, something else comes out
    """
    for left in reversed(range(TRIES)):
        with on_card(*LARGE, *options, rate=rate) as (daemon, card):
            start = card.frames()
            run(daemon)
            result = comes_out(daemon, card, start, want)
            check(not isinstance(result, str) or mapped and left, result)
            if result == 1:
                return
        check(left, f"it came in {result} pieces, {TRIES} times")


def build(source, output, *flags):
    """A C program of tests/oss, against a library of Debian's."""
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-O1", "-o",
                    str(output), str(PROGRAMS / source), *flags], check=True)
    return output
