"""An ESD server for the library's tests: no sound, but every answer, as the
original gives them.  Written from the protocol's facts; it shares nothing with
the daemon, so that a misunderstanding cannot be on both sides.

    with Peer(path) as peer: ...

`fault` makes it misbehave, for the test of what clients do then:
  "mute"    accepts, shakes hands, and never answers anything
  "deaf"    accepts and never answers the handshake
  "refuse"  answers the handshake by 0 and closes
  "half"    answers one byte less than it should, and closes
  "slow"    sends its answers a byte at a time, in 400 ms altogether
  "endless" never ends a list
"""

import asyncio
import itertools
import os
import pathlib
import struct
import threading

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
NAME = 128
LISTED = {3}
STREAMS = {3, 4, 5, 15}


def text(field):
    name, _, rest = field.partition(b"\0")
    if any(rest):  # memory of the client's, which is nobody's business
        raise EOFError
    return name[:NAME - 1]


class Peer:
    def __init__(self, path, fault=None, key=KEY):
        self.path, self.fault, self.key = str(path), fault, key
        self.players = []  # [id, name, rate, left, right, format], newest first
        self.samples = []  # the same and length
        self.ids = itertools.count(1)
        self.streams = itertools.count(1000)
        self.mode = 3
        self.taps = []  # monitors and filters
        self.requests = []  # opcodes, as they came
        self.received = {}  # sound by stream name
        pathlib.Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        # One thread serves all, in the order in which they ask: a stream is
        # listed for whoever asks after it was requested.
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(
            asyncio.start_unix_server(self.guard, self.path))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        os.unlink(self.path)

    async def guard(self, reader, writer):
        reader.writer = writer
        try:
            await self.serve(reader)
        except (ConnectionError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def read(self, client, size):
        return await client.readexactly(size)

    async def ints(self, client, count):
        return struct.unpack(f"={count}i", await self.read(client, 4 * count))

    async def answer(self, client, *values, data=None):
        data = data or struct.pack(f"={len(values)}i", *values)
        if self.fault == "mute":
            return
        if self.fault == "half":
            client.writer.write(data[:-1])
            raise EOFError
        if self.fault == "slow":
            for byte in data:
                client.writer.write(bytes([byte]))
                await asyncio.sleep(0.4 / len(data))
            return
        client.writer.write(data)
        await client.writer.drain()

    async def serve(self, client):
        key, marker = await self.read(client, 16), await self.read(client, 4)
        if self.fault == "deaf":
            await self.read(client, 1)
        good = key == self.key and marker == struct.pack("=I", 0x454E444E)
        if self.fault == "refuse" or not good:
            client.writer.write(struct.pack("=i", 0))
            return
        client.writer.write(struct.pack("=i", 1))
        while True:
            opcode, = await self.ints(client, 1)
            self.requests.append(opcode)
            if opcode in STREAMS:
                await self.stream(client, opcode)
                return
            handler = getattr(self, f"on_{opcode}", None)
            if handler is None:
                return
            await handler(client)

    # streams

    async def stream(self, client, opcode):
        format, rate = await self.ints(client, 2)
        name = text(await self.read(client, NAME))
        player = [next(self.streams), name, rate, 256, 256, format & 0xF0FF]
        if opcode in LISTED:
            self.players.insert(0, player)
        if opcode in (5, 15):
            self.taps.append(client)
        try:
            while opcode == 4 and not client.writer.is_closing():
                client.writer.write(bytes(4096))
                await asyncio.sleep(0.02)
            while sound := await client.read(65536):
                if opcode == 3:
                    self.played(name, sound)
        finally:
            if player in self.players:
                self.players.remove(player)
            if client in self.taps:
                self.taps.remove(client)

    def played(self, name, sound):
        self.received[name] = self.received.get(name, b"") + sound
        for tap in self.taps:
            if not tap.writer.is_closing():
                tap.writer.write(sound[:4096])

    # requests of the owner

    async def owner(self, client, change=None):
        key = (await self.read(client, 20))[:16]
        good = int(key == self.key)
        await self.answer(client, good, good)
        if not good:
            raise EOFError
        if change is not None:
            self.mode = change

    async def on_1(self, client):
        await self.owner(client)

    async def on_2(self, client):
        await self.owner(client)

    async def on_12(self, client):
        await self.owner(client, 1)

    async def on_13(self, client):
        await self.owner(client, 3)

    async def on_22(self, client):
        await self.ints(client, 1)
        await self.answer(client, self.mode)

    async def on_23(self, client):
        await self.answer(client, 4160)

    # samples

    async def on_6(self, client):
        format, rate, length = await self.ints(client, 3)
        name = text(await self.read(client, NAME))
        if length < 0:
            raise EOFError
        number = next(self.ids)
        await self.answer(client, number)
        self.received[name] = await self.read(client, length)
        self.samples.insert(0, [number, name, rate, 256, 256, format,
                                length])
        await self.answer(client, number)

    def sample(self, number):
        return next((one for one in self.samples if one[0] == number), None)

    async def on_7(self, client):
        number, = await self.ints(client, 1)
        self.samples = [one for one in self.samples if one[0] != number]
        self.players = [one for one in self.players if one[0] != number]
        await self.answer(client, number)

    async def on_8(self, client):
        await self.answer(client, *(await self.ints(client, 1)))

    async def on_9(self, client):
        number, = await self.ints(client, 1)
        sample = self.sample(number)
        if sample:
            self.players.insert(0, sample[:6])
        await self.answer(client, number)

    async def on_10(self, client):
        await self.answer(client, *(await self.ints(client, 1)))

    async def on_14(self, client):
        name = text(await self.read(client, NAME))
        found = [one[0] for one in self.samples if one[1] == name]
        await self.answer(client, *(found[:1] or [-1]))

    # information

    async def on_16(self, client):
        await self.ints(client, 1)
        await self.answer(client, 0, 44100, 0x21)

    async def on_17(self, client):
        await self.ints(client, 1)
        players = [struct.pack("=i128s4i", *one) for one in self.players]
        samples = [struct.pack("=i128s5i", *one) for one in self.samples]
        # The original's terminators have leftovers behind the id.
        end = struct.pack("=i128s2i", 0, b"", 0, 77)
        data = struct.pack("=3i", 0, 44100, 0x21) + b"".join(players)
        if self.fault == "endless":
            client.writer.write(data)
        while self.fault == "endless":
            client.writer.write(struct.pack("=i128s4i", 1, b"x", 1, 1, 1, 1))
            await client.writer.drain()
        data += end + struct.pack("=2i", 77, 0) + b"".join(samples)
        data += end + struct.pack("=3i", 77, 0, 0)
        await self.answer(client, data=data)

    # volume

    async def set_pan(self, client, players, samples):
        number, left, right = await self.ints(client, 3)
        found = [one for one in players + samples if one[0] == number]
        for one in found:
            one[3:5] = left, right
        await self.answer(client, int(bool(found)))

    async def on_20(self, client):
        await self.set_pan(client, self.players, [])

    async def on_21(self, client):
        await self.set_pan(client, [], self.samples)

