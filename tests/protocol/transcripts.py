#!/usr/bin/env python3
"""Holds every transcript of this directory against a real daemon, by the line
and by the byte.  A row of protocols/esd.def without transcripts fails.

A transcript is text, a step a line:
    C> BYTES    the client sends
    S> BYTES    the server must send exactly this
    QUIET       the server sends nothing for a moment
    SHUT        the client sends no more
    EOF         the server closes
    # remark
A digit before a step names another connection, which is made when it is first
named.  BYTES are hex digits, with
    00*124      a byte that many times
    ..          any byte (S> only)
    =1          a 32-bit number in the server's byte order
    <name>      four bytes: kept where first met in S>, then the same again
"""

import os
import pathlib
import re
import select
import socket
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from daemon import (PATIENCE, TOGETHER, Client, Daemon,  # noqa: E402
                    check, fail, together)

QUIET = 0.03  # seconds


class Transcript:
    """One file, played over one or more connections."""

    def __init__(self, path, daemon, piecewise):
        self.path = path
        self.daemon = daemon
        self.piecewise = piecewise
        self.kept = {}
        self.clients = {}
        self.where = path.name

    def fail(self, sentence):
        mode = "by the byte" if self.piecewise else "by the line"
        fail(f"{self.where} ({mode}): {sentence}")

    def connection(self, name):
        if name not in self.clients:
            self.clients[name] = Client(self.daemon.socket, shake=False).socket
        return self.clients[name]

    def tokens(self, text):
        """(bytes or None, name to keep it by or None), a piece at a time."""
        for token in text.split():
            if token == "..":
                yield None, None
            elif token.startswith("="):
                yield struct.pack("=I", int(token[1:])), None
            elif token.startswith("<"):
                yield self.kept.get(token), token
            elif "*" in token:
                byte, times = token.split("*")
                yield bytes.fromhex(byte) * int(times), None
            else:
                yield bytes.fromhex(token), None

    def send(self, connection, text):
        data = b"".join(piece for piece, _ in self.tokens(text))
        pieces = ([data[i:i + 1] for i in range(len(data))]
                  if self.piecewise else [data])
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                return  # an EOF that the next step must find

    def read(self, connection, size, text):
        data = b""
        while len(data) < size:
            try:
                piece = connection.recv(size - len(data))
            except TimeoutError:
                self.fail(f"S> {text}: got {data.hex()}, then nothing")
            except ConnectionResetError:
                piece = b""
            if not piece:
                self.fail(f"S> {text}: got {data.hex()}, then EOF")
            data += piece
        return data

    def expect(self, connection, text):
        for piece, name in self.tokens(text):
            size = len(piece) if piece else 4 if name else 1
            got = self.read(connection, size, text)
            if name and piece is None:
                self.kept[name] = got
            elif piece is not None and got != piece:
                self.fail(f"S> {text}: got {got.hex()} for {piece.hex()}")

    def step(self, line):
        name, word, text = re.fullmatch(
            r"(\d?)(C>|S>|QUIET|SHUT|EOF)(.*)", line).groups()
        connection = self.connection(name)
        if word == "C>":
            self.send(connection, text)
        elif word == "S>":
            self.expect(connection, text)
        elif word == "SHUT":
            connection.shutdown(socket.SHUT_WR)
        elif word == "QUIET":
            if select.select([connection], [], [], QUIET)[0]:
                self.fail(f"{line}: something came or it was closed")
        else:
            try:
                data = connection.recv(64)
            except ConnectionResetError:
                data = b""
            except TimeoutError:
                self.fail(f"{line}: still open after {PATIENCE} s")
            if data:
                self.fail(f"{line}: got {data.hex()}")

    def play(self):
        self.daemon.wait_silent()
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            line = line.split("#")[0].strip()
            self.where = f"{self.path.name}:{number}"
            if line:
                self.step(line)
        for connection in self.clients.values():
            connection.close()


def check_rows():
    """A transcript in either byte order for every row of the table."""
    table = (HERE.parent.parent / "protocols" / "esd.def").read_text()
    rows = re.findall(r"^OP\(\s*(\d+),\s*(\w+),", table, re.MULTILINE)
    check(len(rows) >= 24, f"esd.def has only {len(rows)} rows")
    for number, name in rows:
        stem = f"{int(number):02d}-{name.lower().replace('_', '-')}"
        for order in ("le", "be"):
            check((HERE / f"{stem}.{order}.txt").exists(),
                  f"row {name} has no transcript {stem}.{order}.txt")


def play_all(paths):
    """One after the other, with one daemon."""
    with Daemon("null", "-r", "44100") as daemon:
        for path in paths:
            for piecewise in (False, True):
                Transcript(path, daemon, piecewise).play()
        daemon.wait_silent()


def main():
    check_rows()
    wanted = sys.argv[1:] or [""]
    paths = [path for path in sorted(HERE.glob("*.txt"))
             if any(word in path.name for word in wanted)]
    together(*(lambda share=paths[i::TOGETHER]: play_all(share)
               for i in range(TOGETHER)))
    print(f"{2 * len(paths)} conversations as written")


if __name__ == "__main__":
    main()
