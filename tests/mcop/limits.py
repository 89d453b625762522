#!/usr/bin/env python3
"""What an aRts client may not have, and what becomes of one who wants it."""

import contextlib
import os
import pathlib
import re
import signal
import threading

from hostile import SERVER, md5
from mcop import ONEWAY, Client, Peer, long, message, reference, string

from daemon import Daemon, check, free_port, together, until


class Listener(Client):
    """Reads nothing but the answers it waits for."""

    def flood(self, stream):
        """Acknowledges what it does not read."""
        code = self.lookup(stream.sender, "processed", oneway=True)
        self.send(5 * message(ONEWAY, long(stream.sender), long(code)))


def is_refused_unasked():
    """One who records and does not read is refused when there is more to be
    sent to it, not when it says something: it is closed all the same."""
    with Daemon("null", "--request-timeout", 500) as daemon:
        player = daemon.client().play()
        over = threading.Event()

        def play():
            while not over.is_set():
                player.send(bytes(8192))

        playing = threading.Thread(target=play)
        playing.start()
        client = Listener(daemon, id="listener-1-1")
        # Each period is one message then, and the first that is too much.
        stream = client.record(title="out_soundcard", rate=96000).attach()
        before = daemon.descriptors()

        def full():
            client.flood(stream)
            return daemon.log_lines("does not read what it is sent")

        try:
            until("it is refused", full, 30)
            until("it is closed", lambda: daemon.descriptors() < before)
        finally:
            over.set()
            playing.join()
        check(len(daemon.log_lines("warn")) == 1, daemon.log())
    print("who does not read what it records is closed")


class Hoarder(Client):
    """Has the daemon keep much sound, and hears nothing of it."""

    def told(self, number, code, body):
        pass

    def hoard(self, size):
        """True: the daemon took it."""
        stream = self.play(rate=8000, bits=8, channels=1).attach()
        try:
            for _ in range(size >> 18):
                stream.packet(bytes(1 << 18))
            return self.ask(SERVER, "suspended", "boolean").boolean()
        except (BrokenPipeError, ConnectionResetError):
            return False


def hoards_together():
    """What those have left who went is counted, too; and however much it is,
    who needs little has it."""
    with Daemon("null") as daemon:
        before = daemon.memory()
        for taken in range(30):
            with Hoarder(daemon, id=f"hoarder-{taken}-1") as client:
                if not client.hoard(3 << 20):
                    break
        check(taken in (20, 21), f"{taken} hoard 3 MiB each")
        check(daemon.memory() - before < 100 << 20, "there is more of it")
        check(len(daemon.log_lines("warn", "more sound than")) == 1,
              daemon.log())
        client = Client(daemon)
        stream = client.play()
        stream.close(stream.write(bytes(200000)))
        client.leave()
    print(f"sound of {taken} hoarders is too much for one more")


def for_friends_only():
    """Files and our end are not for those who came in without a proof."""
    port = free_port()
    with Daemon("null", "--arts-tcp", "--arts-port", port,
                "--promiscuous") as daemon:
        def proof(seed):
            return md5((daemon.mcop / "secret-cookie").read_bytes() +
                       seed.encode())

        def play(peer):
            return peer.ask(SERVER, "play", "long", "string filename",
                            string("/dev/null")).long()

        with Peer(daemon, tcp=("127.0.0.1", port)) as stranger:
            check(play(stranger) == 0, "a stranger plays our files")
            check(not stranger.ask(SERVER, "terminate", "boolean").boolean(),
                  "a stranger ends us")
            stranger.hold()
        check(len(daemon.log_lines("warn", "a stranger may not")) == 2,
              daemon.log())
        check(play(Peer(daemon)) == 1, "not even our own user")
        with Peer(daemon, tcp=("127.0.0.1", port), auth="md5auth",
                  data=proof) as friend:
            check(play(friend) == 1, "not even who knows the cookie")
            check(friend.ask(SERVER, "terminate", "boolean").boolean(),
                  "terminate")
        check(daemon.process.wait(10) == 0, "its status")
    print("play and terminate: not for strangers")


def by_any_cookie():
    """That of any directory counts, whichever others are gone."""
    port = free_port()
    with Daemon("null", "--arts-tcp", "--arts-port", port) as daemon:
        late, = daemon.dir.glob("ksocket-*")
        cookie = (late / "secret-cookie").read_bytes()
        (daemon.mcop / "secret-cookie").unlink()
        with Peer(daemon, tcp=("127.0.0.1", port),
                  data=lambda seed: md5(cookie + seed.encode())) as peer:
            peer.hold()
    print("the cookie of any directory")


def ends_within_a_frame():
    """One packet at a time, of no whole frames: each is acknowledged."""
    with Daemon("null") as daemon:
        client = Client(daemon)
        stream = client.play()
        stream.close(stream.write(bytes(9001), 1023, 1))
        client.leave()
        daemon.wait_silent()
    print("packets that end within a frame")


def detached_too_soon():
    """Before the daemon was done with attaching: it records nothing then."""
    with Daemon("null") as daemon:
        client = Client(daemon)
        stream = client.record(title="out_soundcard")
        code = client.lookup(SERVER, stream.ATTACH, "void",
                             f"{stream.INTERFACE} {stream.PARAMETER}")
        stream.thing.pending += 1
        attaching = client.start_call(SERVER, code,
                                      reference(client.id, stream.number))
        client.finish_call(stream.start_detach())
        client.finish_call(attaching)
        with daemon.client().play() as player:
            player.send(bytes(32768))
            client.serve(0.3)
        check(not stream.heard, f"{len(stream.heard)} bytes are recorded")
        client.close()
    print("detached while it is attached")


def open_files(process):
    """What its descriptors are of, but for those that it just closes."""
    files = set()
    for path in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            files.add(os.readlink(path))
    return files


def starts_clean_children():
    """Players have our standard error and nothing else that is ours."""
    with Daemon("null") as daemon, Client(daemon) as client:
        client.record(title="out_soundcard").attach()
        pipe = daemon.dir / "pipe"
        os.mkfifo(pipe)
        check(client.ask(SERVER, "play", "long", "string filename",
                         string(str(pipe))).long() == 1, "not played")

        def child():
            pids = pathlib.Path(f"/proc/{daemon.pid}/task/{daemon.pid}/"
                                "children").read_text().split()
            return pids and pathlib.Path("/proc", pids[0])

        place = until("its player runs", child)
        until("it is the player", lambda: (place / "comm").read_text() ==
              "esdplay\n")
        there = open_files(place)
        ours = open_files(pathlib.Path("/proc", str(daemon.pid)))
        check(there & ours <= {"/dev/null", str(daemon.log_file)},
              str(there & ours))
        ignored = int(re.search(r"SigIgn:\s*(\w+)",
                                (place / "status").read_text())[1], 16)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            check(not ignored >> number - 1 & 1, f"{number} is ignored")
    print("players inherit nothing")


def main():
    together(is_refused_unasked, hoards_together, for_friends_only,
             by_any_cookie, ends_within_a_frame, detached_too_soon,
             starts_clean_children)


if __name__ == "__main__":
    main()
