"""A conversation without a socket, with clocks that a test moves."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hiq.clients.clocks import Clocks
from hiq.clients.denied import Denied
from hiq.clients.hub import Hub
from hiq.clients.principal import EVERYTHING, Principal, Scopes
from hiq.clients.protocol import Conversation
from hiq.clients.rules import Rules
from tests.clients.tokens import NOW

KEY = b"k" * 32
IDS = itertools.count(1)


def messages(data: bytes) -> list[dict[str, Any]]:
    """Decode messages as they are on the wire."""
    found = []
    while data:
        size, head = data[1], 2
        if size == 126:
            size, head = int.from_bytes(data[2:4]), 4
        elif size == 127:
            size, head = int.from_bytes(data[2:10]), 10
        assert data[0] == 0x81
        found.append(json.loads(data[head : head + size]))
        data = data[head + size :]
    return found


class Time:
    """Both clocks."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.clocks = Clocks(lambda: NOW - 1000.0 + self.now, lambda: self.now)

    def pass_by(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


def state_event(entity_id: str, state: str, number: int = 0) -> bytes:
    """The JSON of an event."""
    new = {"entity_id": entity_id, "state": state, "attributes": {"n": number}}
    return json.dumps(
        {
            "event_type": "state_changed",
            "data": {"entity_id": entity_id, "new_state": new},
        }
    ).encode()


class Home:
    """A hub, and states for it."""

    def __init__(self, **options: Any) -> None:
        self.time = Time()
        rules = Rules(**{k: v for k, v in options.items() if k in RULES})
        others = {k: v for k, v in options.items() if k not in RULES}
        self.hub = Hub(rules, KEY, lambda: f"{next(IDS):032x}", **others)
        self.numbers: dict[str, int] = {}
        self.fired = 0

    def fire(self, entity_id: str = "light.lamp", count: int = 1) -> None:
        """Let states be accepted, in one read."""
        number = self.numbers.setdefault(entity_id, len(self.numbers) + 1)
        found = []
        for _ in range(count):
            self.fired += 1
            found.append(
                (
                    number,
                    entity_id,
                    self.fired,
                    state_event(entity_id, "on", self.fired),
                )
            )
        self.hub.observe(found, self.time.now, self.fired)

    def tab(
        self, sub: str = "alice", scopes: Scopes = EVERYTHING, **options: Any
    ) -> Tab:
        """Connect, and read the welcome."""
        return Tab(self, sub, scopes, **options)


RULES = {name for name in Rules.__slots__}


class Tab:
    """A client."""

    def __init__(
        self,
        home: Home,
        sub: str,
        scopes: Scopes,
        expires_s: float | None = None,
        verify: Any = None,
    ) -> None:
        self.home = home
        self.wakes = 0
        self.it = Conversation(
            home.hub,
            Principal(sub, scopes, expires_s),
            f"c_{home.hub.fresh()}",
            home.time.clocks,
            wake=self._wake,
            verify=verify or (lambda _token: Denied("INVALID_FORMAT")),
        )
        self.it.begin()
        self.welcome, self.snapshot = self.read()

    def _wake(self) -> None:
        self.wakes += 1

    def say(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Send a frame, read what is to be sent."""
        return self.raw(json.dumps({"type": kind, **fields}))

    def raw(self, text: str | None, size: int | None = None) -> list[dict[str, Any]]:
        """Send a text, read what is to be sent."""
        self.it.receive(text, len((text or "").encode()) if size is None else size)
        return self.read()

    def read(self, most: int = 1_000_000) -> list[dict[str, Any]]:
        """Read what is to be sent, message by message."""
        found: list[dict[str, Any]] = []
        while len(found) < most and (data := self.it.data_to_send(1)):
            found += messages(data)
        return found

    def seqs(self) -> list[int]:
        """Read the numbers of events."""
        return [frame["seq"] for frame in self.read() if frame["type"] == "event"]
