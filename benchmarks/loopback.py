"""The other ends of the wire, as cheap as they can be: a home and a database.

`Home` speaks just enough of Home Assistant's WebSocket API to be subscribed to, then
plays frames that were built before; `Database` answers every request with 204 and
keeps the bodies. Both are threads on plain blocking sockets in the process that
measures, never in the one that is measured. Neither knows what hiq does.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, BinaryIO, Self

from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Database", "Home", "chunks", "frame_of"]

CHUNK_BYTES = 256 * 1024
DEADLINE_S = 30.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, PING, PONG = 0x81, 0x89, 0x8A
RESULTS: dict[str, list[object]] = {"get_states": [], **{name: [] for name in Registry}}


def frame_of(payload: bytes, kind: int = TEXT) -> bytes:
    """One unmasked frame, as servers send them (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", kind, 126, size) + payload
    return struct.pack("!BBQ", kind, 127, size) + payload


def chunks(messages: Iterable[bytes], size: int = CHUNK_BYTES) -> list[bytes]:
    """Frames of these messages, joined to pieces of about so many bytes."""
    out: list[bytes] = []
    held: list[bytes] = []
    waiting = 0
    for message in messages:
        held.append(frame_of(message))
        waiting += len(held[-1])
        if waiting >= size:
            out.append(b"".join(held))
            held, waiting = [], 0
    if held:
        out.append(b"".join(held))
    return out


class Home:
    """Serves one client after the other; a client of `/bare` need not log in.

    - `ready` is set once the client has all it asked for and waits for events.
    - `play` returns when the client has read everything: it answers the ping behind.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.ready = threading.Event()
        self._pong = threading.Event()
        self._lock = threading.Lock()
        self._client: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        if self._client is not None:
            self._client.close()

    def wait(self) -> None:
        """Wait until a client is ready."""
        if not self.ready.wait(DEADLINE_S):
            raise TimeoutError("no client came")

    def play(self, pieces: Sequence[bytes]) -> float:
        """Send as fast as it is taken; returns seconds until the last was read."""
        began = time.monotonic()
        for piece in pieces:
            self._send(piece)
        self._pong.clear()
        self._send(frame_of(b"", PING))
        if not self._pong.wait(DEADLINE_S):
            raise TimeoutError("the client does not read to the end")
        return time.monotonic() - began

    def play_paced(self, messages: Iterable[bytes], rate: float) -> list[float]:
        """Send so many messages a second; returns when each was sent (monotonic)."""
        sent = []
        due = time.monotonic()
        for message in messages:
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
            sent.append(time.monotonic())
            self._send(frame_of(message))
        return sent

    def hang_up(self) -> None:
        """Cut the client."""
        if self._client is not None:
            self._client.shutdown(socket.SHUT_RDWR)

    def _send(self, data: bytes) -> None:
        assert self._client is not None
        with self._lock:
            self._client.sendall(data)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client
            try:
                with client.makefile("rb") as stream:
                    self._talk(client, stream)
            except (OSError, EOFError):
                pass
            self.ready.clear()

    def _talk(self, client: socket.socket, stream: BinaryIO) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += _exactly(stream, 1)
        key = next(
            line.partition(b":")[2].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        client.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        if request.startswith(b"GET /bare"):
            self.ready.set()
        else:
            self._tell({"type": "auth_required", "ha_version": "2024.3.3"})
        while True:
            kind, payload = _client_frame(stream)
            if kind == PONG:
                self._pong.set()
            elif kind == TEXT:
                self._answer(json.loads(payload))

    def _answer(self, message: dict[str, object]) -> None:
        match message["type"]:
            case "auth":
                self._tell({"type": "auth_ok", "ha_version": "2024.3.3"})
            case "ping":
                self._tell({"id": message["id"], "type": "pong"})
            case kind:
                result = RESULTS.get(str(kind), {"state": "RUNNING"})
                answer = {"id": message["id"], "type": "result", "success": True}
                self._tell(answer | {"result": result})
                if kind == "get_states":
                    self.ready.set()

    def _tell(self, message: dict[str, object]) -> None:
        self._send(frame_of(json.dumps(message).encode()))


class Database:
    """Says 204 to everything and keeps the bodies of what was posted."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.bodies: list[bytes] = []
        self.arrived_at = 0.0
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def wire_bytes(self) -> int:
        """Bytes of all bodies as they came."""
        return sum(map(len, self.bodies))

    def lines(self) -> int:
        """Lines in all bodies."""
        return sum(gzip.decompress(body).count(b"\n") for body in self.bodies)

    def wait_quiet(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        began = time.monotonic()
        while (now := time.monotonic()) - max(began, self.arrived_at) < seconds:
            if now - began > DEADLINE_S:
                raise TimeoutError("the database is still written to")
            time.sleep(0.02)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._take, args=(client,), daemon=True).start()

    def _take(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream:
            while request := stream.readline():
                size = 0
                while (line := stream.readline()) not in {b"\r\n", b""}:
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        size = int(value)
                body = stream.read(size)
                if request.startswith(b"POST"):
                    self.bodies.append(body)
                    self.arrived_at = time.monotonic()
                client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def _client_frame(stream: BinaryIO) -> tuple[int, bytes]:
    kind, size = _exactly(stream, 2)
    size &= 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", _exactly(stream, 2))
    mask = _exactly(stream, 4)
    payload = _exactly(stream, size)
    return kind, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
