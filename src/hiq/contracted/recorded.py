"""Contracts over recorded frames: the time is that of the events.

All events of a frame are judged in the order in which they lie in it; a recorded answer
to `get_states` tells the states of targets. It must not know who reads the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hiq.assure.chains import Engine
from hiq.assure.contracts import contract_of
from hiq.assure.contracts_events import read
from hiq.assure.contracts_targets import Targets
from hiq.ha.messages import decode_states, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from hiq.assure.contracts import Violation

__all__ = ["RecordedContracts"]

LONGEST_S = 366 * 86_400.0
"""The longest limit that a contract may have."""


class _Message(msgspec.Struct, frozen=True):
    type: str = ""
    event: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)


class RecordedContracts:
    """Judges frames; after the last one `end` judges what is still open."""

    def __init__(self, declared: Iterable[Mapping[str, Any]]) -> None:
        self._targets = Targets()
        self._engine = Engine(
            [contract_of(given) for given in declared], excuse=self._targets.excuse
        )
        self._now_s = 0.0

    def take(self, frame: bytes) -> Iterator[Violation]:
        """Yield what a frame shows to be wrong."""
        try:
            messages = [_MESSAGE.decode(message) for message in split(frame)]
        except msgspec.DecodeError:
            return
        for message in messages:
            if message.type == "event":
                yield from self._event(bytes(message.event))
            elif message.type == "result" and bytes(message.result).startswith(
                b'[{"entity_id"'
            ):
                self._targets.begin(map(bytes, decode_states(message.result)))

    def end(self) -> list[Violation]:
        """Return what no later event can heal."""
        return self._engine.advance(self._now_s + LONGEST_S)

    def figures(self) -> dict[str, Any]:
        """Return the counts of each contract."""
        return self._engine.figures()

    def _event(self, json: bytes) -> list[Violation]:
        one = read(json)
        if one is None:
            return []
        # The clock of the engine does not go back; some events are a little older.
        self._now_s = max(self._now_s, one.time_s or 0.0)
        if one.event_type == "state_changed":
            self._targets.changed(one.raw, self._now_s)
        return self._engine.take(one, self._now_s)


def _is_states(result: msgspec.Raw) -> bool:
    """Whether a result is that of `get_states`, as far as its begin tells."""
    return bytes(memoryview(result)[:14]) == b'[{"entity_id":'
