"""The last state of each entity, as JSON: what a snapshot is made of.

Bounded in bytes; what does not fit is counted. States at connect may be learned later
than events that came after them: the newer one stays. It does not know which entities
are wanted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MAX_BYTES", "LastValues", "Value"]

OVERHEAD: Final = 100
"""Bytes of an entry beside its two texts, about."""

MAX_BYTES: Final = 64 * 1024 * 1024


class Value(NamedTuple):
    """A state and when it was updated; `state` is empty if the entity is gone."""

    entity_id: str
    updated_us: int
    state: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.entity_id) + len(self.state) + OVERHEAD


class LastValues:
    """One state for each entity.

    - `left_out`: states that did not fit.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.left_out = 0
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: dict[str, Value] = {}

    def __len__(self) -> int:
        return len(self._values)

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()
        self._bytes = 0

    def put(self, value: Value) -> None:
        """Take a new state, or that an entity is gone: what is learned is older."""
        self.forget(value.entity_id)
        if self._bytes + value.size > self._max_bytes:
            self.left_out += 1
            return
        self._bytes += value.size
        self._values[value.entity_id] = value

    def forget(self, entity_id: str) -> None:
        """Know nothing of an entity any more."""
        old = self._values.pop(entity_id, None)
        if old is not None:
            self._bytes -= old.size

    def learn(self, value: Value) -> None:
        """Take a state that may be older than what is known."""
        if value.entity_id not in self._values:
            self.put(value)

    def present(self) -> list[Value]:
        """Return all that are there now."""
        return [value for value in self._values.values() if value.state]
