"""Tells what a cursor has stepped over: in the counters, in the log and as a loss.

Several cursors meet the same damage, and one may meet it again: each damaged piece is
counted once, and points whose loss was told already, when a full journal gave them up,
are not told again. It moves no cursor.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hiq.journal.loss import Cause, Loss, span

if TYPE_CHECKING:
    from hiq.journal.cursor import Owner
    from hiq.journal.reading import Hole
    from hiq.journal.segment import Damage
    from hiq.journal.stream import Segment, Stream

__all__ = ["Teller"]

logger = logging.getLogger("hiq.journal")


class Teller:
    """Of one sink in one stream; each call may come from another thread.

    Args:
        name: of the sink.
        stream: in which something may be lost.
        owner: the journal: its counters, and who listens to losses. Its lock is held
            shortly, so whoever calls must not hold it.
    """

    def __init__(self, name: str, stream: Stream, owner: Owner) -> None:
        self._name = name
        self._stream = stream
        self._owner = owner

    def tell(self, offset: int, hole: Hole, since_ns: int | None) -> None:
        """Tell what is lost.

        Args:
            offset: points before it in the stream.
            hole: what was met.
            since_ns: the earliest stamp of what was there; None if unknown.
        """
        lost = max(0, hole.to.offset - offset)
        untold = self._stream.listed.untold(offset, hole.to.offset)
        damage = hole.damage
        with self._owner.lock:
            fresh = [
                (segment, piece)
                for segment, piece in damage
                if piece.start not in segment.reported
            ]
            for segment, piece in fresh:
                segment.reported.add(piece.start)
            self._owner.stats.corrupt_records += len(fresh)
            if fresh:
                self._owner.stats.lost_points += lost
        if untold:
            heads = [head for _, piece in damage for head in piece.lost]
            self._owner.lose(
                Loss(
                    stream=self._stream.folder.name,
                    cause=_cause(damage),
                    points=untold,
                    span=span(
                        heads,
                        complete=sum(head.points for head in heads) == lost,
                        since_ns=since_ns,
                        until_ns=hole.until_ns,
                    ),
                    sinks=(self._name,),
                    file=damage[0][0].path.name if damage else "",
                )
            )
        if lost or fresh:
            logger.warning(
                "stepped over %s of the journal",
                "damaged records" if damage else "records that are gone",
                extra={
                    "sink": self._name,
                    "stream": self._stream.folder.name,
                    "points": lost,
                    "files": sorted({s.path.name for s, _ in damage}),
                    "bytes": sum(p.end - p.start for _, p in damage),
                    "since_ns": since_ns,
                    "until_ns": hole.until_ns,
                },
            )


def _cause(damage: list[tuple[Segment, Damage]]) -> Cause:
    """Return why records between good ones are lost."""
    if any(segment.unreadable for segment, _ in damage):
        return "unreadable"
    return "damaged" if damage else "gone"
