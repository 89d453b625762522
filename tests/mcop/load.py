#!/usr/bin/env python3
"""Many aRts clients come, play a second and leave, some killed at whatever they
were doing; afterwards the daemon is as it was before.

MCOP_CLIENTS and MCOP_SECONDS make it larger.
"""

import os
import random
import threading
import time

from mcop import Client

from daemon import Daemon, check, until

CLIENTS = int(os.environ.get("MCOP_CLIENTS", "60"))
SECONDS = float(os.environ.get("MCOP_SECONDS", "3"))
RATE = 8000  # a second of it is 32000 bytes


class Doomed(ConnectionError):
    pass


class Mortal(Client):
    """Dies after so many messages; None: of old age."""

    def __init__(self, daemon, lives, **more):
        self.lives = lives
        super().__init__(daemon, **more)

    def read_message(self):
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                self.close()
                raise Doomed
        return super().read_message()


class Crowd:
    def __init__(self, daemon):
        self.daemon = daemon
        self.end = time.monotonic() + SECONDS
        self.played = self.killed = 0
        self.failures = []
        self.lock = threading.Lock()

    def one(self, number, turn, chance):
        lives = chance.randrange(90) if chance.random() < 0.4 else None
        try:
            client = Mortal(self.daemon, lives, id=f"crowd-{number}-{turn}")
            stream = client.play(rate=RATE, title=f"crowd {number % 7}")
            stream.close(stream.write(bytes(4 * RATE), 4096, 4))
            client.leave()
            with self.lock:
                self.played += 1
        except Doomed:
            with self.lock:
                self.killed += 1

    def work(self, number):
        chance = random.Random(number)
        turn = 0
        try:
            while time.monotonic() < self.end:
                self.one(number, turn, chance)
                turn += 1
        except BaseException as error:  # SystemExit too, of check()
            self.failures.append(repr(error))

    def run(self):
        threads = [threading.Thread(target=self.work, args=(i,))
                   for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(not self.failures, str(self.failures[:3]))


def state(daemon):
    return (daemon.descriptors(), sorted(os.listdir(daemon.mcop)),
            [path.read_bytes() for path in sorted(daemon.mcop.iterdir())
             if path.is_file()])


def main():
    with Daemon("null") as daemon:
        client = Client(daemon)
        stream = client.play(rate=RATE)
        stream.close(stream.write(bytes(8192), 4096))
        client.leave()
        daemon.wait_silent()
        before = state(daemon)
        Crowd(daemon).one(0, 0, random.Random(1))
        crowd = Crowd(daemon)
        crowd.run()
        check(crowd.played > CLIENTS // 4 and crowd.killed > CLIENTS // 8,
              f"{crowd.played} played, {crowd.killed} were killed")
        memory = daemon.memory()
        daemon.wait_silent()
        # One that was just going may have been counted then.
        until("all are gone", lambda: daemon.descriptors() <= before[0], 30)
        check(state(daemon)[1:] == before[1:], "the files are others")
        check(daemon.log_lines("warn") == [], daemon.log())
        print(f"{CLIENTS} clients for {SECONDS} s: {crowd.played} played, "
              f"{crowd.killed} were killed; {memory >> 10} KiB under load")
        again = Crowd(daemon)
        again.end = time.monotonic() + min(SECONDS, 3)
        again.run()
        grown = daemon.memory() - memory
        check(grown < 2 << 20, f"memory grew by {grown >> 10} KiB since")
        print(f"memory since then: {grown >> 10} KiB more")


if __name__ == "__main__":
    main()
