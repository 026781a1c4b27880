"""The port of whoever reads back what a sink holds: points of a span of time.

`hiq verify` compares them with Home Assistant's recorder. A reader asks the database
in its own language and yields points as they come, so that a span of any size needs
little memory. It does not know what should be there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hiq.sink.decode import Value

__all__ = ["MALFORMED", "Stored", "StoredReader", "entity_of", "nanoseconds"]

MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError)
"""What reading an answer raises that has not the shape it should have."""
REGISTRY = "entities"
"""Measurement of the history of the entity registry; no domain, and no unit with it."""
STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?(?:\+00:00)?")


@dataclass(frozen=True, slots=True)
class Stored:
    """One point, or a part of one: the same point may come in several.

    Attributes:
        measurement: its name; for VictoriaMetrics the name of the metric, which is
            measurement, `_` and field.
        entity_id: whose state it is, see `entity_of`.
        time_ns: nanoseconds since 1970.
        fields: values by name; for VictoriaMetrics the one value, without name.
    """

    measurement: str
    entity_id: str
    time_ns: int
    fields: dict[str, Value]


class StoredReader(Protocol):
    """One database, read.

    `samples`: it keeps numbers in milliseconds, a metric for each field, and repeats.
    """

    samples: bool

    def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the points of entities with `start_ns <= time < end_ns`.

        Raises:
            SinkUnreadable: the database does not answer, or refuses.
        """

    async def close(self) -> None:
        """Release everything."""


def entity_of(measurement: str, tags: Mapping[str, str]) -> str:
    """Return whose state a point is, "" if it is none of an entity.

    `ha` has the object id and the domain, `homeiq` and `tidy` the whole entity id as
    a tag. The history of the registry has it too, but is no state.
    """
    name, domain = tags.get("entity_id") or "", tags.get("domain") or ""
    if name.startswith(f"{domain}.") if domain else "." in name:
        ours = measurement == REGISTRY or measurement.startswith(f"{REGISTRY}_")
        return "" if ours else name
    return f"{domain}.{name}" if domain and name else ""


def nanoseconds(text: str) -> int:
    """Return nanoseconds since 1970 of a time in UTC, down to nanoseconds.

    Raises ValueError if it is none.
    """
    found = STAMP.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time in UTC")
    whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    return int(whole.timestamp()) * 10**9 + int((found[2] or "").ljust(9, "0"))
