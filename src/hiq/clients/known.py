"""The last known state of each entity that a client wants, bounded in memory.

Kept as Home Assistant sent it: an event that was accepted, or a state of `get_states`.
It must not know who wants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.clients.subscriptions import Event

__all__ = ["Known"]

MOST_ENTITIES: Final = 100_000
MOST_BYTES: Final = 32 * 1024 * 1024


class _Shown(msgspec.Struct, omit_defaults=True):
    """What is shown of a state, each value as it was sent."""

    state: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    last_changed: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    last_updated: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Data(msgspec.Struct):
    new_state: _Shown | None = None


class _Envelope(msgspec.Struct):
    data: _Data


class _Named(msgspec.Struct):
    entity_id: str


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_STATE: Final = msgspec.json.Decoder(_Shown)
_NAMED: Final = msgspec.json.Decoder(_Named)
_ENCODE: Final = msgspec.json.Encoder().encode


class Known:
    """Last states by entity.

    `left_out`: states for which there was no room.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._found: dict[str, tuple[Event | bytes, int]] = {}
        self.bytes = 0
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._found)

    def put(self, event: Event) -> None:
        """Take an event."""
        self._put(event.entity_id, event, len(event.json))

    def learn(self, entity_id: str, state: bytes) -> None:
        """Take a state of `get_states`."""
        self._put(entity_id, state, len(state))

    def clear(self) -> None:
        """Forget everything."""
        self._found.clear()
        self.bytes = 0

    def states(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield entity id, number (or 0), and state as JSON; not what is removed."""
        for entity_id, (one, _size) in self._found.items():
            if shown := _shown(one):
                yield entity_id, 0 if isinstance(one, bytes) else one.number, shown

    def _put(self, entity_id: str, one: Event | bytes, size: int) -> None:
        old = self._found.get(entity_id)
        total = self.bytes + size - (0 if old is None else old[1])
        if total > self._most_bytes or (
            old is None and len(self._found) >= MOST_ENTITIES
        ):
            self.left_out += 1
            if old is not None:  # better nothing than what is old
                del self._found[entity_id]
                self.bytes -= old[1]
            return
        self.bytes = total
        self._found[entity_id] = (one, size)


def entity_of(state: bytes) -> str | None:
    """Return the entity of a state, None if it cannot be read."""
    try:
        return _NAMED.decode(state).entity_id
    except msgspec.DecodeError:
        return None


def _shown(one: Event | bytes) -> bytes | None:
    """Return what is shown of a state, None if it is gone or cannot be read."""
    try:
        if isinstance(one, bytes):
            return _ENCODE(_STATE.decode(one))
        state = _ENVELOPE.decode(one.json).data.new_state
    except msgspec.DecodeError:
        return None
    return None if state is None else _ENCODE(state)
