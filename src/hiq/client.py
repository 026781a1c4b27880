"""A client of hiq: events in order, over cuts and restarts, without thinking of either.

    async with hiq.client.connect(url, token, entities=["light.*"]) as events:
        async for event in events:
            print(event)

It connects again by itself, resumes its session, acknowledges what was taken, and says
in the stream what it could not get. It needs `websockets` and nothing else of hiq.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from hiq.backoff import delays
from hiq.errors import HiqError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Sequence

__all__ = ["Client", "Event", "Gap", "Refused", "Violation", "connect"]

logger = logging.getLogger("hiq.client")

PROTOCOL: Final = "hiq.v1"
VIOLATION: Final = ("contract", "correlation", "code", "step", "message")
ACK_AFTER: Final = 20
ACK_EVERY_S: Final = 1.0
MAX_FRAME_BYTES: Final = 1024 * 1024


class Refused(HiqError):
    """hiq does not let this client in, and trying again does not help."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"hiq refused the client: {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the home.

    Attributes:
        seq: its number in the session.
        event_id: its name in hiq.
        data: the event as Home Assistant sent it.
    """

    seq: int
    event_id: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that will not come.

    Attributes:
        first: number of the first.
        last: number of the last, None if nobody knows.
        reason: overflow, expired, session_expired or restart.
        since: for a restart, from when on nothing was kept.
    """

    first: int
    last: int | None
    reason: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """A contract that was broken.

    Attributes:
        seq: its number in this session, among the events.
        contract: name of the contract.
        correlation: which chain of events.
        code: what is wrong.
        step: the event type that is missing or came when it should not.
        message: the same in words.
        events: the first and the last events of the chain, `type@time`.
    """

    seq: int
    contract: str
    correlation: str
    code: str
    step: str
    message: str
    events: tuple[str, ...]


class Client:
    """The stream of events and gaps; see `connect`.

    - Each number comes once, in order; a `Gap` stands for what does not come.
    - What was given out is acknowledged when the next one is asked for.
    - Refused: a token that is not good, or no longer.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | None,
        tls: ssl.SSLContext | None,
        *wanted: dict[str, Any],
    ) -> None:
        self._url = _socket_url(url)
        self._tls = tls
        self._token = token
        self._wanted = wanted
        self._socket: ClientConnection | None = None
        self._session: str | None = None
        self._seq = 0
        self._acked = 0
        self._acked_s = 0.0
        self._pauses = delays(0.2, 30.0)
        self.connects = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Gap | Violation:
        while True:
            try:
                if self._socket is None:
                    self._socket = await self._open()
                await self._acknowledge(self._socket)
                found = self._take(json.loads(await self._socket.recv()))
            except ConnectionClosed as exc:
                logger.info("the connection was lost", extra={"reason": str(exc)})
                self._socket = None
                await asyncio.sleep(next(self._pauses))
                continue
            if found is not None:
                return found

    @property
    def session(self) -> str | None:
        """The id of the session; None before the first welcome."""
        return self._session

    async def close(self) -> None:
        """Leave; what was given out is acknowledged."""
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                await _tell(socket, "ack", seq=self._seq)
            except ConnectionClosed:
                return
            await socket.close()

    async def _open(self) -> ClientConnection:
        """Connect until it works; go on with the session if there is one."""
        while True:
            try:
                socket = await self._attempt()
                await self._begin(socket)
            except InvalidStatus as exc:
                _raise_if_final(exc)
                reason = f"HTTP {exc.response.status_code}"
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as exc:
                reason = f"{type(exc).__name__}: {exc}"
            else:
                self.connects += 1
                self._pauses = delays(0.2, 30.0)
                return socket
            logger.info("hiq cannot be reached", extra={"reason": reason})
            await asyncio.sleep(next(self._pauses))

    async def _attempt(self) -> ClientConnection:
        token = self._token() if callable(self._token) else self._token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await open_socket(
            self._url,
            subprotocols=[PROTOCOL],  # type: ignore[list-item]
            additional_headers=headers,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            ssl=(self._tls or True) if self._url.startswith("wss:") else None,
        )

    async def _begin(self, socket: ClientConnection) -> None:
        welcome = json.loads(await socket.recv())
        if self._session is not None:
            await _tell(
                socket, "resume", id="r", session=self._session, last_seq=self._seq
            )
            answer = await _result(socket, "r")
            if answer["resumed"]:
                self._acked = self._seq
                if len(answer["subscriptions"]) >= len(self._wanted):
                    return
                welcome = answer  # hiq was killed before it had kept all filters
        self._session = welcome["session"]
        for wanted in self._wanted:
            await _tell(socket, "subscribe", id="s", filter=wanted)
            await _result(socket, "s")

    def _take(self, frame: dict[str, Any]) -> Event | Gap | Violation | None:
        match frame["type"]:
            case "event" if frame["seq"] > self._seq:
                self._seq = frame["seq"]
                return Event(frame["seq"], frame["event_id"], frame["event"])
            case "contract_violation" if frame["seq"] > self._seq:
                self._seq = frame["seq"]
                texts = {name: str(frame[name]) for name in VIOLATION}
                events = tuple(frame["events"])
                return Violation(seq=self._seq, events=events, **texts)
            case "gap":
                last = frame["to"]
                if last is None:  # of a session that is gone; numbers begin again
                    self._seq = self._acked = 0
                else:
                    self._seq = max(self._seq, last)
                return Gap(frame["from"], last, frame["reason"], frame.get("since"))
        return None

    async def _acknowledge(self, socket: ClientConnection) -> None:
        now_s = asyncio.get_running_loop().time()
        waiting = self._seq - self._acked
        if waiting >= ACK_AFTER or (waiting and now_s >= self._acked_s + ACK_EVERY_S):
            await _tell(socket, "ack", seq=self._seq)
            self._acked, self._acked_s = self._seq, now_s


@asynccontextmanager
async def connect(
    url: str,
    token: str | Callable[[], str] | None = None,
    *,
    entities: Sequence[str] = (),
    domains: Sequence[str] = (),
    areas: Sequence[str] = (),
    labels: Sequence[str] = (),
    min_interval: float = 0.0,
    tls: ssl.SSLContext | None = None,
    contracts: bool = False,
) -> AsyncIterator[Client]:
    """Give a stream of the events that are wanted; nothing named means all.

    Args:
        url: of hiq, as a browser finds it.
        token: a token, or what returns a fresh one each time; None where hiq asks
            for none.
        entities: globs of entity ids.
        domains: names of domains.
        areas: ids or names of areas.
        labels: ids or names of labels.
        min_interval: least seconds between two events of one entity.
        tls: what is trusted, for hiq with a certificate of its own; None for whom the
            system trusts.
        contracts: also give each `Violation` of a declared contract.
    """
    wanted: dict[str, Any] = {
        "event_types": ["state_changed"],
        "entities": list(entities),
        "domains": list(domains),
        "areas": list(areas),
        "labels": list(labels),
        "min_interval": min_interval,
    }
    broken: list[dict[str, Any]] = [{"event_types": ["contract_violation"]}]
    client = Client(url, token, tls, wanted, *(broken if contracts else ()))
    try:
        yield client
    finally:
        await client.close()


async def _tell(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def _result(socket: ClientConnection, frame_id: str) -> dict[str, Any]:
    """Return the answer to a command; nothing else comes before it but snapshots."""
    while True:
        frame = json.loads(await socket.recv())
        if frame.get("id") != frame_id:
            continue
        if frame["type"] == "error":
            raise Refused(200, frame["code"], frame["message"])
        data: dict[str, Any] = frame["data"]
        return data


def _raise_if_final(exc: InvalidStatus) -> None:
    """Raise Refused unless hiq says that trying again may help."""
    try:
        body = json.loads(exc.response.body or b"{}")
    except ValueError:
        body = {}
    status = exc.response.status_code
    if status in {401, 403} and not body.get("retry_allowed"):
        code, message = body.get("error_code", str(status)), body.get("message", "")
        raise Refused(status, code, message) from exc


def _socket_url(url: str) -> str:
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/")
    if not path.endswith("/ws"):
        path += "/ws"
    return urlunsplit((scheme, parts.netloc, path, "", ""))
