"""Rows of Home Assistant's recorder, as its history API gives them: pure.

A row has a state, attributes and a time in seconds. Here it gets the time stamp that
the live event had, to the microsecond, and becomes the event that announced it, with
the bytes of state and attributes as they are. Removals come as rows without a state.
Nothing here asks for rows, or knows what becomes of the events.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw, Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "MAX_BYTES",
    "MAX_EVENTS",
    "CurrentState",
    "RecorderInfo",
    "Row",
    "decode_current",
    "decode_info",
    "decode_rows",
    "event_frames",
    "iso",
    "microseconds",
    "within",
]

MICROSECONDS: Final = 1_000_000
MAX_EVENTS: Final = 256
MAX_BYTES: Final = 256 * 1024
EMPTY: Final = Raw(b"{}")
NULL: Final = Raw(b"null")


class Row(Struct, frozen=True, gc=False):
    """One row: what an entity was from a time on.

    Attributes:
        raw_state: the state as JSON; `null` where the entity was removed.
        attributes: the attributes as JSON object, `{}` also where the recorder
            left them out.
        updated_s: `last_updated`, finer than microseconds on newer versions.
        changed_s: `last_changed`, None where it is the same.
    """

    updated_s: float = field(name="lu")
    raw_state: Raw = field(name="s", default=NULL)
    attributes: Raw = field(name="a", default=EMPTY)
    changed_s: float | None = field(name="lc", default=None)

    @property
    def state(self) -> str | None:
        """The state; None where the entity was removed."""
        state: str | None = _STATE.decode(self.raw_state)
        return state

    @property
    def removed(self) -> bool:
        """Whether the row says that the entity was removed."""
        return bytes(self.raw_state) == b"null"

    @property
    def updated_us(self) -> int:
        """Microseconds since 1970, as the live event has them."""
        return microseconds(self.updated_s)


class CurrentState(Struct, frozen=True):
    """One state of `get_states`: what is used of it."""

    entity_id: str
    last_updated: datetime
    attributes: Raw = EMPTY

    @property
    def updated_us(self) -> int:
        """Microseconds since 1970."""
        return microseconds_of(self.last_updated)


class RecorderInfo(Struct, frozen=True):
    """The answer of `recorder/info`; what a version leaves out is taken as good."""

    recording: bool = True
    thread_running: bool = True
    migration_in_progress: bool = False
    backlog: int | None = None

    @property
    def works(self) -> bool:
        """Whether it writes what happens."""
        return self.recording and self.thread_running


_STATE = msgspec.json.Decoder(str | None)
_ROWS = msgspec.json.Decoder(dict[str, list[Row]])
_CURRENT = msgspec.json.Decoder(list[CurrentState])
_INFO = msgspec.json.Decoder(RecorderInfo)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(seconds: float) -> int:
    """Round seconds since 1970 as `datetime.fromtimestamp` does.

    So Home Assistant made the time of the event. `round(seconds * 1e6)` is one off
    for every eighth time that is finer than microseconds.
    """
    part, whole = math.modf(seconds)
    return int(whole) * MICROSECONDS + round(part * 1e6)


def microseconds_of(moment: datetime) -> int:
    """Return microseconds since 1970."""
    passed = moment - EPOCH
    return (passed.days * 86_400 + passed.seconds) * MICROSECONDS + passed.microseconds


def iso(time_us: int) -> str:
    """Return microseconds since 1970 as Home Assistant writes a time."""
    whole, part = divmod(time_us, MICROSECONDS)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=part).isoformat()


def decode_rows(result: Raw) -> dict[str, list[Row]]:
    """Decode the result of `history/history_during_period`, oldest row first.

    States and attributes share the memory of the message.

    Raises:
        msgspec.DecodeError: it has another form.
    """
    return _ROWS.decode(result)


def decode_current(result: Raw) -> list[CurrentState]:
    """Decode the result of `get_states`; raises msgspec.DecodeError."""
    return _CURRENT.decode(result)


def decode_info(result: Raw) -> RecorderInfo:
    """Decode the result of `recorder/info`; raises msgspec.DecodeError."""
    return _INFO.decode(result)


def within(
    rows: Mapping[str, Sequence[Row]], after_us: int, until_us: int | None
) -> dict[str, list[Row]]:
    """Return the rows with `after_us < time <= until_us`; entities without are gone.

    The API's window is open at both ends, and finer than the time stamps: so more is
    asked for than needed, and windows that follow each other share no row.
    """
    found = {}
    for entity_id, several in rows.items():
        kept = [
            row
            for row in several
            if after_us < row.updated_us
            and (until_us is None or row.updated_us <= until_us)
        ]
        if kept:
            found[entity_id] = kept
    return found


def event_frames(
    rows: Iterable[tuple[str, Row]],
    *,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[bytes]:
    """Yield frames of `state_changed` messages, one for each row, in order.

    A row gives the same series and time stamp as its live event gave, so writing
    both is the same as writing one. Removals become the event that announces one.
    """
    events: list[bytes] = []
    size = 0
    for entity_id, row in rows:
        event = _event(entity_id, row)
        events.append(event)
        size += len(event)
        if len(events) >= max_events or size >= max_bytes:
            yield b"[" + b",".join(events) + b"]"
            events, size = [], 0
    if events:
        yield b"[" + b",".join(events) + b"]"


def _event(entity_id: str, row: Row) -> bytes:
    """Return one message, in the order of keys that Home Assistant uses."""
    name = msgspec.json.encode(entity_id)
    stamp = b'"%b"' % iso(row.updated_us).encode()
    state = bytes(row.raw_state)
    new = b"null"
    if state != b"null":
        changed = stamp
        if row.changed_s is not None:
            changed = b'"%b"' % iso(microseconds(row.changed_s)).encode()
        new = (
            b'{"entity_id":%b,"state":%b,"attributes":%b,"last_changed":%b,'
            b'"last_updated":%b,"context":{"id":null,"parent_id":null,"user_id":null}}'
            % (name, state, bytes(row.attributes), changed, stamp)
        )
    return (
        b'{"type":"event","event":{"event_type":"state_changed","data":'
        b'{"entity_id":%b,"old_state":null,"new_state":%b},"origin":"LOCAL",'
        b'"time_fired":%b,"context":{"id":null,"parent_id":null,"user_id":null}},"id":0}'
        % (name, new, stamp)
    )
