"""Events other than state changes as points; pure.

One point per event in the measurement `ha_events`, for every schema alike: the type of
the event and what it is about are tags, its data is JSON text, its context is fields,
so that what caused what can be followed. Rules of validity: an object with an event
type, a time and data that are an object; an event of services names domain and service
in its data, where Home Assistant puts them.

Source: https://www.home-assistant.io/docs/configuration/events/ and
https://data.home-assistant.io/docs/context/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

from hiq.sink.encode import encode, encode_series

if TYPE_CHECKING:
    from hiq.sink.decode import Value

__all__ = ["MEASUREMENT", "OtherEvent", "UnfitEvent", "read_event"]

MEASUREMENT: Final = "ha_events"

OF_SERVICES: Final = frozenset(
    {"call_service", "service_registered", "service_removed"}
)
ABOUT: Final = {"domain": "domain", "service": "service", "entity_id": "entity"}
"""Members of the data that become tags, if they are texts, and the tags. None is
`entity_id`: whoever reads the states of an entity by that tag gets no events."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
LONGEST_TAG: Final = 255


class UnfitEvent(ValueError):
    """An event against the rules; `event_type` is "" if it has none."""

    def __init__(self, event_type: str, reason: str) -> None:
        super().__init__(f"{event_type or 'an event without type'}: {reason}")
        self.event_type = event_type
        self.reason = reason


class _Context(Struct, frozen=True):
    id: str | None = None
    parent_id: str | None = None
    user_id: str | None = None


class _Event(Struct, frozen=True):
    event_type: str = ""
    data: Raw = Raw(b"null")
    time_fired: str = ""
    origin: str | None = None
    context: _Context | None = None


class _Message(Struct, frozen=True):
    event: Raw


_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT = msgspec.json.Decoder(_Event)
_DATA = msgspec.json.Decoder(dict[str, Any])


class OtherEvent(Struct, frozen=True):
    """One event; `json` is the event object as Home Assistant sent it."""

    event_type: str
    time_ns: int
    json: bytes
    about: dict[str, str]
    data: bytes
    context: dict[str, str]

    def line(self, time_ns: int, max_data_bytes: int) -> str:
        """Return it as a line with this stamp; data beyond the size is left out."""
        fields: list[tuple[str, Value]] = list(self.context.items())
        if len(self.data) <= max_data_bytes:
            fields.append(("data", self.data.decode()))
        fields.append(("data_bytes", len(self.data)))
        tags = {"event_type": self.event_type, **self.about}
        return encode(encode_series(MEASUREMENT, tags), time_ns, fields)


def read_event(message: bytes) -> OtherEvent:
    """Read one message of a subscription.

    Raises:
        UnfitEvent: it is against the rules.
    """
    try:
        json = bytes(_MESSAGE.decode(message).event)
        event = _EVENT.decode(json)
    except msgspec.DecodeError as exc:
        raise UnfitEvent("", str(exc)) from exc
    if not event.event_type:
        raise UnfitEvent("", "event_type is missing or empty")
    context = event.context or _Context()
    found = {
        "origin": event.origin,
        "context_id": context.id,
        "context_parent_id": context.parent_id,
        "context_user_id": context.user_id,
    }
    return OtherEvent(
        event.event_type,
        _nanoseconds(event),
        json,
        _about(event),
        bytes(event.data),
        {name: text for name, text in found.items() if text is not None},
    )


def _about(event: _Event) -> dict[str, str]:
    """Return what the data says that the event is about."""
    try:
        data = _DATA.decode(event.data)
    except msgspec.DecodeError as exc:
        raise UnfitEvent(event.event_type, "data is no object") from exc
    texts = {key: data.get(key) for key in ABOUT}
    if event.event_type in OF_SERVICES:
        for key in ("domain", "service"):
            if not isinstance(texts[key], str) or not texts[key]:
                raise UnfitEvent(event.event_type, f"data.{key} is missing or no text")
    return {
        ABOUT[key]: " ".join(text.split())
        for key, text in texts.items()
        if isinstance(text, str) and text.strip() and len(text) <= LONGEST_TAG
    }


def _nanoseconds(event: _Event) -> int:
    """Return when it was fired, exact to the microsecond."""
    try:
        fired = datetime.fromisoformat(event.time_fired)
    except ValueError as exc:
        raise UnfitEvent(event.event_type, "time_fired is no time") from exc
    if fired.tzinfo is None:
        raise UnfitEvent(event.event_type, "time_fired has no zone")
    return (fired - EPOCH) // MICROSECOND * 1000
