"""A test in namespaces of its own, where directories that all the machine's
programs share are empty, and nobody listens on its addresses."""

import os
import pathlib
import shutil
import subprocess
import sys

from daemon import BUILD

SKIPPED = 77


def enter(script, *places, network=False):
    """Goes on where those directories are empty but for what is needed of them:
    runs the script again there and exits with its status.

    network  there is an own one, too: its loopback device
    """
    if "inside" in sys.argv:
        return
    script = pathlib.Path(script).resolve()
    needed = [path for path in (script.parents[2], BUILD)
              if any(path.is_relative_to(place) for place in places)]
    # Opened while they can be seen, bound where they cannot any more.
    command = "set -e\n" + "".join(
        f"exec {fd}<'{path}'\n" for fd, path in enumerate(needed, 8))
    command += "".join(f"mount -t tmpfs -o mode=1777 tmpfs {place}\n"
                       for place in places)
    command += "".join(
        f"mkdir -p '{path}'\nmount -c --bind /proc/self/fd/{fd} '{path}'\n"
        for fd, path in enumerate(needed, 8))
    up = "ip link set lo up\n" if network else ""
    own = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m",
           *(["-n"] if network else [])]
    if not shutil.which("unshare") or subprocess.run(
            [*own, "sh", "-c", f"set -e\n{up}mount -t tmpfs tmpfs /tmp"],
            capture_output=True).returncode != 0:
        print("left out: no namespaces may be made")
        sys.exit(SKIPPED)
    command += f'{up}exec "$@"\n'
    done = subprocess.run([*own, "sh", "-c", command, "sh", sys.executable,
                           str(script), "inside"])
    sys.exit(done.returncode)
