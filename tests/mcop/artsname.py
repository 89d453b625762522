#!/usr/bin/env python3
"""The daemon under the name artsd, as KDE and old scripts start it."""

import subprocess

from mcop import Client, Peer

from daemon import BUILD, Daemon, check, until


class Artsd(Daemon):
    """The options are those of the original; where it keeps its own things it
    is told by a file."""

    def start(self):
        self.link = self.dir / "artsd"
        if not self.link.is_symlink():
            self.link.symlink_to(BUILD / "esdmixd")
        file = self.dir / "config" / "esdmixd" / "esdmixd.conf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"socket = {self.socket}\nlegacy-sockets = no\n")
        self.starts = 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [str(self.link), *map(str, self.options)], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until("artsd accepts", self.is_ready)


def says(daemon, option, status, *words):
    done = subprocess.run([daemon.link, option], capture_output=True,
                          env=daemon.env, timeout=20)
    text = (done.stdout + done.stderr).decode()
    check(done.returncode == status and all(word in text for word in words),
          f"{option}: {done.returncode}, {text}")


def main():
    # As the control centre of KDE has it started.
    with Artsd("", "-F", "10", "-S", "4096", "-a", "null", "-s", "60", "-m",
               "artsmessage", "-c", "drkonqi", "-l", "1", "-f", "-r", "44100",
               "-N") as daemon:
        until("it plays", lambda: daemon.log_lines("playing at 44100 Hz",
                                                   "period 1024"))
        client = Client(daemon)
        check(client.ask(1, "_get_fragments", "long").long() == 10, "-F")
        check(client.ask(1, "_get_autoSuspendSeconds", "long").long() == 60,
              "-s")
        check(client.ask(1, "_get_bufferSizeMultiplier", "long").long() == 5,
              "-N")
        stream = client.play()
        stream.close(stream.write(bytes(20000)))
        client.leave()
        check(daemon.log_lines("warn") == [], daemon.log())
        says(daemon, "-h", 1, "-F COUNT", "esdmixd --help")
        says(daemon, "-A", 0, "alsa", "null")
        says(daemon, "-v", 0, "artsd 1.")
        with Peer(daemon) as peer:
            peer.ask(1, "terminate", "boolean")
        check(daemon.process.wait(10) == 0, "terminate")
    print("artsd: KDE's options, a client, its end")
    # More than there is room for, of which none may become another's value.
    with Artsd("", "-a", "null", "-b", "12", *["-r", "44100"] * 128,
               "-s", "77") as daemon:
        until("it plays", lambda: daemon.log_lines("playing at 44100 Hz",
                                                   "S16_LE"))
        check(len(daemon.log_lines("warn", "-b: 12")) == 1, daemon.log())
    print("artsd: options without sense, and without end")


if __name__ == "__main__":
    main()
