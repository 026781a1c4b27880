"""Which rows were delivered already: entity and time of lines that were journaled.

A line names its entity by one or two tags and its time at its end; that is all that
is read of it. Sets are bounded: what does not fit is counted, and would be delivered
again.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from hiq.journal.segment import Source
from hiq.sink.base import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hiq.journal.scout import Scout

__all__ = [
    "LIMIT",
    "Keys",
    "keys_of",
    "lines_of",
    "live_end_us",
]

LIMIT: Final = 1_000_000
DOMAIN: Final = re.compile(rb",domain=((?:[^,=\\]|\\.)*)")
OBJECT: Final = re.compile(rb",entity_id=((?:[^,=\\]|\\.)*)")
ESCAPED: Final = re.compile(rb"\\(.)")


class Keys:
    """A set of (entity, microseconds).

    - `overflow`: how many did not fit into `limit`.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.overflow = 0
        self._limit = limit
        self._times: dict[str, set[int]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: tuple[str, int]) -> bool:
        entity_id, time_us = key
        return time_us in self._times.get(entity_id, ())

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for entity_id, times in self._times.items():
            for time_us in times:
                yield entity_id, time_us

    def add(self, entity_id: str, time_us: int) -> None:
        """Add one; counted in `overflow` if there is no room."""
        times = self._times.setdefault(entity_id, set())
        if time_us in times:
            return
        if self._count >= self._limit:
            self.overflow += 1
            return
        times.add(time_us)
        self._count += 1

    def update(self, keys: Iterable[tuple[str, int]]) -> None:
        """Add several."""
        for entity_id, time_us in keys:
            self.add(entity_id, time_us)

    def clear(self) -> None:
        """Forget all."""
        self._times.clear()
        self._count = 0

    def entities(self) -> set[str]:
        """Return every entity."""
        return set(self._times)


def keys_of(lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """Yield entity and microseconds of each line that has both."""
    last_series = b""
    entity_id: str | None = None
    for line in lines:
        series = line[: _head(line)]
        if series != last_series:
            last_series, entity_id = series, _entity(series)
        stamp = line[line.rfind(b" ") + 1 :]
        if entity_id is not None and stamp.lstrip(b"-").isdigit():
            yield entity_id, int(stamp) // 1000


def lines_of(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a text that comes in parts, without their ends."""
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest


def journaled(tail: Scout) -> Iterator[tuple[str, int]]:
    """Yield entity and microseconds of all states that a reader finds. Blocks."""
    for header, body in tail.read():
        if header.source == Source.EXTRA:
            continue
        try:
            yield from keys_of(lines_of(Batch(body, header.points).parts()))
        except zlib.error:
            continue


def live_end_us(tail: Scout, source: int) -> int | None:
    """Return the latest time in the newest record of a source that is found. Blocks."""
    newest = None
    for header, _ in tail.read():
        if header.source == source:
            newest = header.last_ns // 1000
    return newest


def _head(line: bytes) -> int:
    """Return where the first blank is that is not escaped: behind the series."""
    head = line.find(b" ")
    while head > 0 and line[head - 1] == 0x5C:
        head = line.find(b" ", head + 1)
    return head


def _entity(series: bytes) -> str | None:
    """Return the entity of a series, in whatever schema; None if it names none."""
    name, domain = OBJECT.search(series), DOMAIN.search(series)
    if name is None:
        return None
    whole = ESCAPED.sub(rb"\1", name.group(1))
    if domain is not None:
        head = ESCAPED.sub(rb"\1", domain.group(1)) + b"."
        if not whole.startswith(head):  # `ha` has the two parts apart
            whole = head + whole
    elif b"." not in whole:
        return None
    return whole.decode("utf-8", "replace")
