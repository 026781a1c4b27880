"""What is wrong with an event, how bad it is, and what a level makes of it.

`judge` finds all codes of one event of any type, and raises nothing; `OUTCOMES` is the
table of levels. The compiled core decides the same where a point depends on it, and is
much faster; this says it in words, for clients, for odd events, and for events that
are no state changes. It must not know who asks.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from hiq.assure.levels_agents import agent_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CODES", "OUTCOMES", "Finding", "Level", "Outcome", "Severity", "judge"]

Level = Literal["strict", "moderate", "permissive"]
Outcome = Literal["accept", "mark", "reject"]

LONGEST_STATE: Final = 255
SKEW_S: Final = 3600.0
LONG_S: Final = 604_800.0
ORIGINS: Final = ("LOCAL", "REMOTE")
TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
FARTHEST_S: Final = 9_223_372_035
"""Seconds whose nanoseconds fit 64 bits."""


class Severity(IntEnum):
    """How bad an event is."""

    VALID = 0
    WARNING = 1
    ERROR = 2
    CRITICAL = 3


OUTCOMES: Final[dict[Level, tuple[Outcome, Outcome, Outcome, Outcome]]] = {
    "strict": ("accept", "reject", "reject", "reject"),
    "moderate": ("accept", "mark", "reject", "reject"),
    "permissive": ("accept", "mark", "mark", "reject"),
}
"""Level -> outcome by severity."""

CODES: Final[dict[str, Severity]] = {
    **dict.fromkeys(
        (
            *("NOT_AN_OBJECT", "NO_EVENT_TYPE", "BAD_DATA", "BAD_ENTITY_ID"),
            *("NO_NEW_STATE", "NOT_ENCODABLE", "MISSING_DATA"),
        ),
        Severity.CRITICAL,
    ),
    **dict.fromkeys(
        ("BAD_TIME", "BAD_CONTEXT", "BAD_OLD_STATE", "STATE_TOO_LONG", "NO_THOUGHT"),
        Severity.ERROR,
    ),
    **dict.fromkeys(
        (
            *("TIME_SKEW", "NEGATIVE_DURATION", "LONG_DURATION", "UNKNOWN_ORIGIN"),
            *("NON_FINITE_ATTRIBUTE", "SHORT_THOUGHT", "NO_OUTCOME"),
        ),
        Severity.WARNING,
    ),
}
"""Every code, and how bad it is."""


class Finding(NamedTuple):
    """The judgement of one event."""

    severity: Severity
    codes: tuple[str, ...]

    @property
    def result(self) -> str:
        """The severity as clients are told it."""
        return self.severity.name.lower()

    def outcome(self, level: Level) -> Outcome:
        """Return what becomes of the event."""
        return OUTCOMES[level][self.severity]


VALID: Final = Finding(Severity.VALID, ())


def judge(event: bytes | Any, received_s: float | None = None) -> Finding:
    """Return everything that is wrong with an event.

    Args:
        event: its JSON, or what that decodes to.
        received_s: when it came, Unix seconds; None for one that is not live.
    """
    if isinstance(event, bytes):
        try:
            event = orjson.loads(event)
        except orjson.JSONDecodeError:
            return _finding(["NOT_AN_OBJECT"])
    codes = list(dict.fromkeys(_codes(event, received_s)))
    return _finding(codes) if codes else VALID


def _finding(codes: list[str]) -> Finding:
    return Finding(max(CODES[code] for code in codes), tuple(codes))


def _codes(event: Any, received_s: float | None) -> Iterator[str]:
    if not isinstance(event, dict):
        yield "NOT_AN_OBJECT"
        return
    event_type = event.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        yield "NO_EVENT_TYPE"
        return
    data = event.get("data")
    if not isinstance(data, dict):
        yield "BAD_DATA"
        return
    fired_s = _seconds(event.get("time_fired"))
    if fired_s is None:
        yield "BAD_TIME"
    elif abs(fired_s) > FARTHEST_S:
        yield "NOT_ENCODABLE"
    elif received_s is not None and abs(received_s - fired_s) > SKEW_S:
        yield "TIME_SKEW"
    if not isinstance(event.get("context", {}), dict):
        yield "BAD_CONTEXT"
    if event.get("origin", ORIGINS[0]) not in ORIGINS:
        yield "UNKNOWN_ORIGIN"
    if event_type == "state_changed":
        yield from _state_codes(data)
    else:
        yield from agent_codes(event_type, data)


def _state_codes(data: dict[str, Any]) -> Iterator[str]:
    entity_id = data.get("entity_id")
    domain, _, name = (
        entity_id.partition(".") if isinstance(entity_id, str) else [""] * 3
    )
    if not domain or not name:
        yield "BAD_ENTITY_ID"
    old = data.get("old_state")
    if old is not None and not isinstance(old, dict):
        yield "BAD_OLD_STATE"
    if "new_state" not in data:
        yield "NO_NEW_STATE"
        return
    new = data["new_state"]
    if new is None:
        return
    if not isinstance(new, dict):
        yield "NO_NEW_STATE"
        return
    state, attributes = new.get("state"), new.get("attributes")
    if not isinstance(state, str) or not isinstance(attributes, dict):
        yield "BAD_DATA"
        return
    if len(state) > LONGEST_STATE:
        yield "STATE_TOO_LONG"
    if not _is_finite(attributes):
        yield "NON_FINITE_ATTRIBUTE"
    if isinstance(old, dict):
        yield from _duration_codes(old.get("last_changed"), new.get("last_changed"))


def _duration_codes(old: Any, new: Any) -> Iterator[str]:
    """Judge how long the old state lasted."""
    old_s, new_s = _seconds(old), _seconds(new)
    if old_s is None or new_s is None:
        return
    if new_s < old_s:
        yield "NEGATIVE_DURATION"
    elif new_s - old_s > LONG_S:
        yield "LONG_DURATION"


def _is_finite(value: Any) -> bool:
    """Whether no number in it, at any depth, is infinite: 1e999 is read as that."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return not isinstance(value, list) or all(map(_is_finite, value))


def _seconds(text: Any) -> float | None:
    """Return a time as Unix seconds; only the form that the core takes is one."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
        return moment.timestamp() + float(f"0{match[2]}" if match[2] else 0)
    except (OverflowError, ValueError):
        return None
