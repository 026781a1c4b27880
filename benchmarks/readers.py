"""Many readers of WebSockets in one process, as cheap as they can be.

    python -m benchmarks.readers PORT COUNT EXPECTED OUTPUT [--slow 1] [--hiq]

Plain sockets and one selector: of each frame only the head is read. For each reader
and read, OUTPUT gets how many frames it had then, and when. `ready` is printed once all
are connected and, with `--hiq`, subscribed to everything; the process ends when each
has what is expected, or when nothing has come for a while. Slow ones subscribe and
never read. With `--hiq` events are acknowledged, and must be numbered without holes.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import selectors
import socket
import struct
import sys
import time
from pathlib import Path

READ_BYTES = 1 << 18
ACK_AFTER = 250
PATIENCE_S = 8.0
CONNECT_S = 20.0
EVENT = b'{"type":"event"'
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def masked(kind: int, payload: bytes) -> bytes:
    """One frame of a client, with a mask that changes nothing."""
    assert len(payload) < 126
    return bytes((0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def opened(port: int, *, hiq: bool) -> socket.socket:
    """Connect and upgrade; what came behind the answer must be nothing."""
    found = socket.create_connection(("127.0.0.1", port), CONNECT_S)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    protocol = "Sec-WebSocket-Protocol: hiq.v1\r\n" if hiq else ""
    found.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Version: 13\r\n{protocol}\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        got = found.recv(1)
        if not got:
            raise ConnectionError(head.decode(errors="replace"))
        head += got
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.decode(errors="replace"))
    return found


class Reader:
    """One reader; `runs` are pairs of frames and moment."""

    def __init__(self, sock: socket.socket, *, hiq: bool) -> None:
        self.socket = sock
        self.hiq = hiq
        self.subscribed = not hiq
        self.frames = 0
        self.acked = 0
        self.last = b""
        self.runs: list[tuple[int, float]] = []
        self._held = b""

    def subscribe(self) -> None:
        """Want everything."""
        self.socket.sendall(masked(TEXT, b'{"type":"subscribe","id":"s"}'))

    def take(self) -> bool:
        """Read what is there; return whether the other side is still there."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            return False
        data = self._held + data if self._held else data
        at, size, frames = 0, len(data), self.frames
        event = self.hiq
        while at + 4 <= size:
            length = data[at + 1]
            head = 2
            if length == 126:
                length, head = (data[at + 2] << 8) | data[at + 3], 4
            elif length == 127:
                if at + 10 > size:
                    break
                (length,) = struct.unpack_from("!Q", data, at + 2)
                head = 10
            end = at + head + length
            if end > size:
                break
            kind = data[at] & 15
            if kind == TEXT and (not event or data.startswith(EVENT, at + head)):
                frames += 1
                self.last = data[at + head : at + head + 120] if event else b""
            else:
                self._other(kind, data[at + head : end])
            at = end
        self._held = data[at:]
        if frames != self.frames:
            self.runs.append((frames, time.monotonic()))
            self.frames = frames
            if event and frames - self.acked >= ACK_AFTER:
                self.acked = frames
                self.socket.sendall(masked(TEXT, b'{"type":"ack","seq":%d}' % frames))
        return True

    def check(self) -> None:
        """The number of the last event must be that of the events that came."""
        if self.hiq and self.frames:
            seq = int(self.last.partition(b'"seq":')[2].partition(b",")[0])
            if seq != self.frames:
                raise AssertionError(f"event {self.frames} has the number {seq}")

    def _other(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self.socket.sendall(masked(PONG, payload))
        elif kind == TEXT:
            found = json.loads(payload)
            if found["type"] in {"gap", "error"}:
                raise AssertionError(payload)
            self.subscribed = self.subscribed or found["type"] == "result"


def connected(port: int, count: int, *, hiq: bool) -> list[Reader]:
    """So many readers, subscribed."""
    found = [Reader(opened(port, hiq=hiq), hiq=hiq) for _ in range(count)]
    for one in found:
        if hiq:
            one.subscribe()
        while not one.subscribed:
            one.take()
        one.socket.setblocking(False)
    return found


def read(readers: list[Reader], expected: int) -> None:
    """Read until each has so many frames, or nothing comes any more."""
    selector = selectors.DefaultSelector()
    for one in readers:
        selector.register(one.socket, selectors.EVENT_READ, one)
    waiting = sum(one.frames < expected for one in readers)
    while waiting:
        found = selector.select(PATIENCE_S)
        if not found:
            break
        for key, _ in found:
            one = key.data
            before = one.frames
            if not one.take():
                raise AssertionError(f"a reader was cut after {one.frames} frames")
            waiting -= before < expected <= one.frames


def main() -> None:
    """Read, then write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("expected", type=int)
    parser.add_argument("output", type=Path)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--hiq", action="store_true")
    given = parser.parse_args()
    slow = connected(given.port, given.slow, hiq=given.hiq)
    readers = connected(given.port, given.count, hiq=given.hiq)
    print("ready", flush=True)
    read(readers, given.expected)
    for one in readers:
        one.check()
    given.output.write_text(json.dumps([one.runs for one in readers]))
    for one in [*slow, *readers]:
        one.socket.close()


if __name__ == "__main__":
    sys.exit(main())
