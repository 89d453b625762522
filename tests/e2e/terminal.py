"""A program on a terminal of a fixed size, in a tmux of its own: its screen as
text, its keys."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from daemon import fail, until

SLOW = 30.0  # seconds that anything may take on a busy machine
LOOK = 0.04  # from one look at the screen to the next
# Runs a program and leaves its status: tmux misses the end of some.
RUN = 'status=$1; shift; "$@"; echo $? > "$status.new"; ' \
    'mv "$status.new" "$status"'


def need_tmux():
    """Ends the test as skipped where there is none."""
    if shutil.which("tmux") is None:
        print("no tmux here")
        sys.exit(77)


class Terminal:
    """
    command   words
    env       its environment; TERM is tmux's, unless term says another
    """

    def __init__(self, command, env, columns=80, rows=24, term="screen",
                 **more):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="esdmixd-tmux-"))
        self.env = {"LC_ALL": "C.UTF-8", **env, "TERM": "screen"}
        self.env.pop("TMUX", None)
        self.status = self.dir / "status"
        # What has ended stays, so that its last words are seen.
        self.tmux("start-server", ";", "set", "-g", "remain-on-exit", "on",
                  ";", "new-session", "-d", "-x", columns, "-y", rows,
                  "sh", "-c", RUN, "-", self.status, "env", f"TERM={term}",
                  *command, **more)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- the screen:\n{self.text()}", file=sys.stderr)
        self.tmux("kill-server")
        shutil.rmtree(self.dir, ignore_errors=True)

    def tmux(self, *words, **more):
        result = subprocess.run(
            ["tmux", "-u", "-S", str(self.dir / "socket"), "-f", "/dev/null",
             *map(str, words)], env=self.env, capture_output=True, text=True,
            errors="replace", timeout=60, **more)
        if result.returncode != 0:
            fail(f"tmux {words}: {result.stderr}")
        return result.stdout

    def text(self):
        """The screen, without blanks at the ends of lines and below."""
        lines = self.tmux("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n")

    def escapes(self):
        """The same with the sequences that make its colours."""
        return self.tmux("capture-pane", "-p", "-e")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def wait(self, what, condition):
        """Until condition(text) holds; the text."""
        end = time.monotonic() + SLOW
        while not condition(text := self.text()):
            if time.monotonic() > end:
                print(f"--- the screen:\n{text}", file=sys.stderr)
                fail(f"waited {SLOW} s in vain: {what}")
            time.sleep(LOOK)
        return text

    def wait_for(self, *texts):
        """Until all of these are on the screen."""
        return self.wait(f"{texts} on the screen",
                         lambda text: all(one in text for one in texts))

    def wait_end(self):
        """Until the program has ended; its exit status."""
        until("it ends", self.status.exists, SLOW)
        return int(self.status.read_text())


def colours(escapes):
    """The numbers of the colours that a screen has."""
    found = set()
    for part in escapes.split("\x1b[")[1:]:
        numbers = part.split("m")[0].split(";")
        found.update(int(one) for one in numbers
                     if one.isdigit() and 30 <= int(one) <= 37)
    return found


def plain(env, **more):
    """An environment without what the user says about terminals, and more."""
    return {**{key: value for key, value in env.items() if key not in
               ("COLUMNS", "LINES", "NO_COLOR", "TMUX")}, **more}
