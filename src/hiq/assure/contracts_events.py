"""Events as contracts see them: the envelope at once, the data when it is asked for.

Bytes in, plain values out. It must not know contracts, nor where the bytes come from.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["ROOTS", "Occurrence", "first_of", "read", "reader_of", "texts_of"]

ROOTS: Final = ("data", "context", "origin")
"""What a path may begin with."""

LONGEST_VALUE: Final = 255
MOST_TEXTS: Final = 200


class _Context(Struct, frozen=True):
    id: str | None = None
    parent_id: str | None = None
    user_id: str | None = None


class _Envelope(Struct, frozen=True):
    event_type: str
    time_fired: str = ""
    data: Raw = Raw(b"{}")
    origin: str = ""
    context: _Context | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_NO_CONTEXT = _Context()


class Occurrence:
    """One event.

    Attributes:
        json: the event as it was sent.
        time_s: when it was fired, Unix seconds; None if it does not say so.
    """

    __slots__ = ("_data", "context", "event_type", "json", "origin", "raw", "time_s")

    def __init__(self, json: bytes, envelope: _Envelope) -> None:
        self.json = json
        self.event_type = envelope.event_type
        self.origin = envelope.origin
        self.context = envelope.context or _NO_CONTEXT
        self.raw = envelope.data
        self.time_s = _seconds(envelope.time_fired)
        self._data: Any = self

    @property
    def data(self) -> Any:
        """Its data; None if they are no JSON that can be held."""
        if self._data is self:
            try:
                self._data = msgspec.json.decode(self.raw)
            except msgspec.DecodeError:
                self._data = None
        return self._data

    @property
    def mark(self) -> int:
        """A number that only an event of the same type, time, context and data has."""
        context = self.context
        return hash((self.event_type, self.time_s, context.id, bytes(self.raw)))

    @property
    def name(self) -> str:
        """Type and time, for a person."""
        if self.time_s is None:
            return self.event_type[:LONGEST_VALUE]
        moment = datetime.fromtimestamp(self.time_s).astimezone().isoformat()
        return f"{self.event_type[:LONGEST_VALUE]}@{moment}"


def read(json: bytes) -> Occurrence | None:
    """Return an event, None if it is none."""
    try:
        return Occurrence(json, _ENVELOPE.decode(json))
    except msgspec.DecodeError:
        return None


def reader_of(path: str) -> Callable[[Occurrence], Any]:
    """Return what reads the value at a path, such as `data.run_id`, None without."""
    root, *rest = path.split(".")
    if root == "origin":
        return lambda one: one.origin or None
    if root == "context":
        name = rest[0] if rest else ""
        return lambda one: getattr(one.context, name, None)

    def walk(one: Occurrence) -> Any:
        value = one.data
        for name in rest:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return walk


def first_of(
    readers: Iterable[Callable[[Occurrence], Any]], one: Occurrence
) -> str | None:
    """Return the first value that is there, as text."""
    for read_value in readers:
        value = _text(read_value(one))
        if value is not None:
            return value
    return None


def texts_of(
    readers: Iterable[Callable[[Occurrence], Any]], one: Occurrence
) -> list[str]:
    """Return all texts at some paths: each is a text, one with commas, or a list."""
    found: dict[str, None] = {}
    for read_value in readers:
        value = read_value(one)
        items = value if isinstance(value, list) else [value]
        for item in items[:MOST_TEXTS]:
            if isinstance(item, str):
                found.update((text.strip(), None) for text in item.split(",") if text)
    return list(found)[:MOST_TEXTS]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value[:LONGEST_VALUE] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:LONGEST_VALUE] if isinstance(value, int | float) else None


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
