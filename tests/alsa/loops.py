#!/usr/bin/env python3
"""A daemon whose device leads back to itself through ALSA says so in one
sentence and takes the next of its chain, whatever is wrapped around the
plugin; to play into another daemon is fine."""

import contextlib
import tempfile

import alsa
from alsa import CARD, RATE
from card import Card
from daemon import Daemon, check, free_port, on_card, together, until

from sound import noise, raw

WHY = "leads back to this daemon"
WRAPPED = """
pcm.both { type asym playback.pcm esdmix capture.pcm esd }
pcm.deep { type plug slave.pcm { type softvol slave.pcm both
    control { name "x" card 0 } } }
pcm.chosen { type empty slave.pcm both }
"""


@contextlib.contextmanager
def looping(device, *options, env=None):
    """A daemon with the card in second place."""
    with tempfile.TemporaryDirectory(prefix="esdmixd-loop-") as directory:
        card = Card(directory, rates=[RATE], formats=["S16_LE"], channels=[2])
        with contextlib.closing(card):
            own = card.config_path.read_text()
            card.config_path.write_text(
                alsa.text(default=True, more=own + WRAPPED))
            with Daemon(f"{device},{card.name}", "-r", RATE, *CARD, *options,
                        env={**card.env, **(env or {})}) as daemon:
                yield daemon, card


def is_heard(daemon, card):
    sound = raw(noise(2 * 3000, 5))
    card.wait_event("start", timeout=alsa.PATIENCE)
    begin = card.frames()
    client = daemon.client().play(name=b"loop")
    client.send(sound)
    client.close()
    alsa.heard(card, begin, sound, daemon.device)


def refuses(device):
    with looping(device) as (daemon, card):
        is_heard(daemon, card)
        lines = daemon.log_lines(device, WHY)
        check(len(lines) == 1 and "-d hw:0" in lines[0],
              f"{device}: {daemon.log()}")


def refuses_by_tcp():
    port = free_port()
    with looping(f"esd:127.0.0.1:{port}", "-tcp", "-port", port) as \
            (daemon, card):
        is_heard(daemon, card)
        check(daemon.log_lines(WHY), daemon.log())


def refuses_to_record():
    with looping("vcard", "--capture", "default") as (daemon, card):
        client = daemon.client()
        client.send(client.ints(4, 0x2021, RATE) + b"rec".ljust(128, b"\0"))
        until("the capture device is refused",
              lambda: daemon.log_lines(WHY), alsa.PATIENCE)
        client.close()
        is_heard(daemon, card)


def plays_into_another():
    """Its own configuration names it: programs' ESPEAKER may be another."""
    with on_card(*CARD) as (other, card):
        env = alsa.environment(other)
        with Daemon("esd", "-r", RATE, *CARD,
                    env={"ALSA_CONFIG_PATH": env["ALSA_CONFIG_PATH"],
                         "ESPEAKER": env["ESPEAKER"]}) as daemon:
            daemon.env.pop("ESPEAKER")
            until("it plays", lambda: daemon.log_lines("playing at"),
                  alsa.PATIENCE)
            sound = raw(noise(2 * 3000, 6))
            client = daemon.client().play(name=b"chain")
            client.send(sound)
            client.close()
            daemon.wait_silent()
            alsa.heard(card, 0, sound, "by another daemon")


def main():
    together(*(lambda device=device: refuses(device) for device in
               ("esd", "esdmix", "default", "both", "chosen")),
             refuses_by_tcp, refuses_to_record, plays_into_another)


if __name__ == "__main__":
    main()
