"""Who else sees accepted states: told once per frame, and nothing when nobody listens.

While somebody listens, frames go through Python, state by state, so that it is known
of each whether it was accepted. It must not know who listens, nor why.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Observers", "Tapped"]

Tapped = tuple[int, str, int, bytes]
"""Entity number, entity id, nanoseconds, the event's JSON as Home Assistant sent it."""


class _State(msgspec.Struct):
    last_updated: str = ""


class _Data(msgspec.Struct):
    entity_id: str
    new_state: _State | None = None


class _Event(msgspec.Struct):
    data: _Data


class _Message(msgspec.Struct):
    event: msgspec.Raw


_MESSAGES = msgspec.json.Decoder(list[msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT = msgspec.json.Decoder(_Event)


class Observers:
    """The fan-out of accepted states.

    - `on_change` is called when the first observer comes or the last one leaves.
    - An entity that was marked as unwanted is not given to anybody.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], object] = lambda: None
        self._observers: list[Callable[[Sequence[Tapped]], object]] = []
        self._numbers: dict[str, int] = {}
        self._unwanted: set[int] = set()
        self._found: list[Tapped] = []

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return bool(self._observers)

    def add(self, observer: Callable[[Sequence[Tapped]], object]) -> None:
        """Tell an observer from now on."""
        self._observers.append(observer)
        self.forget_interests()
        self.on_change()

    def remove(self, observer: Callable[[Sequence[Tapped]], object]) -> None:
        """Do not tell it any more; a no-op if it is not there."""
        if observer in self._observers:
            self._observers.remove(observer)
            self.on_change()

    def set_interest(self, number: int, wanted: bool) -> None:
        """Note whether anybody wants an entity; kept while there is one observer."""
        if wanted or len(self._observers) > 1:
            self._unwanted.discard(number)
        else:
            self._unwanted.add(number)

    def forget_interests(self) -> None:
        """All entities are wanted until somebody says otherwise."""
        self._unwanted.clear()

    def split(self, frame: bytes) -> list[bytes] | None:
        """Return the messages of a frame; None if it is to be taken as a whole."""
        if frame[:1] != b"[":
            return [frame]
        try:
            return [bytes(one) for one in _MESSAGES.decode(frame)]
        except msgspec.DecodeError:
            return None

    def accepted(self, message: bytes) -> None:
        """Take a message whose state was accepted."""
        try:
            event = bytes(_MESSAGE.decode(message).event)
            data = _EVENT.decode(event).data
        except msgspec.DecodeError:
            return
        number = self._numbers.setdefault(data.entity_id, len(self._numbers))
        if number in self._unwanted:
            return
        updated = "" if data.new_state is None else data.new_state.last_updated
        self._found.append((number, data.entity_id, _nanoseconds(updated), event))

    def tell(self) -> None:
        """Tell everybody what was accepted since the last time."""
        if self._found:
            found, self._found = self._found, []
            for observer in tuple(self._observers):
                observer(found)


def _nanoseconds(text: str) -> int:
    try:
        seconds = datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0
    return round(seconds * 1e6) * 1000
