"""What a journal has lost, in one form: how much, of which time, for whom, and why.

The journal tells every loss once per sink to whoever listens (`on_loss`), so that it
becomes a gap in the ledger: a record that is damaged, sectors that cannot be read, a
file that is gone, points that a full journal gave up. It knows no file and no ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.journal.segment import Header

__all__ = ["Cause", "Listed", "Loss", "Span", "earliest_behind", "span"]

Cause: TypeAlias = Literal[
    "damaged", "unreadable", "gone", "not_required", "drop_oldest", "drop_new"
]

MAX_RANGES = 1_000


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that contains the time stamps of what is lost.

    Attributes:
        first_ns: its begin, nanoseconds since 1970; None if unknown.
        last_ns: its end; None if unknown.
        exact: whether the lost records themselves say so; else the span is that
            between the records around them. What came late, with a connection or from
            a recorder, may be older than that.
    """

    first_ns: int | None
    last_ns: int | None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss.

    Attributes:
        stream: name of the encoding.
        cause: damaged (wrong checksum), unreadable (the disk), gone (removed by
            somebody), not_required, drop_oldest and drop_new (a full journal).
        points: how many; None if it cannot be known.
        span: of which time.
        sinks: who will not get them; () means every sink that had not got them yet.
        file: the first file that is concerned, "" if there is none.
    """

    stream: str
    cause: Cause
    points: int | None
    span: Span
    sinks: tuple[str, ...] = ()
    file: str = ""


def earliest_behind(header: Header) -> int:
    """Return the earliest stamp of a state that is journaled behind a record.

    States come in the order of their stamps, and may come long after them: what a
    burst brings is older than the time at which its first record was journaled.
    """
    return min(header.appended_ns, header.last_ns)


def span(
    headers: Iterable[Header],
    *,
    complete: bool,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> Span:
    """Return the span of what is lost.

    Args:
        headers: of lost records, as far as these are known.
        complete: whether these are all.
        since_ns: see `earliest_behind`, of the record before the loss.
        until_ns: when the one behind it was.
    """
    known = list(headers)
    firsts = [header.first_ns for header in known]
    lasts = [header.last_ns for header in known]
    if known and complete:
        return Span(min(firsts), max(lasts), exact=True)
    return Span(
        None if since_ns is None else min([since_ns, *firsts]),
        None if until_ns is None else max([until_ns, *lasts]),
    )


@dataclass(slots=True)
class Listed:
    """The ranges of point offsets whose loss has been told already.

    Bounded: of more than MAX_RANGES the oldest are forgotten, so that at worst a
    loss is told twice.
    """

    ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Note that the loss of these offsets was told."""
        if end <= start:
            return
        if self.ranges and self.ranges[-1][0] <= start <= self.ranges[-1][1]:
            begin, until = self.ranges.pop()
            start, end = begin, max(until, end)
        self.ranges.append((start, end))
        del self.ranges[:-MAX_RANGES]

    def untold(self, start: int, end: int) -> int:
        """Return how many of these offsets nobody was told of."""
        count = max(0, end - start)
        at = start
        for low, high in sorted(self.ranges):
            until = min(high, end)
            if until > max(low, at):
                count -= until - max(low, at)
                at = until
        return count
