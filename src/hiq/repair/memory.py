"""What repair knows while it runs: the mark, the holes, and what was delivered.

It joins the files of `state`, the journal's tail and the watermark, and keeps their
order: what is saved is never ahead of what can be looked up in the journal. All that
blocks is meant for a thread, one call at a time. It knows no connection.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from hiq.ha.history_rows import MICROSECONDS, CurrentState
from hiq.repair.keys import Keys, journaled
from hiq.repair.outcomes import MAX_OUTCOMES
from hiq.repair.state import MARGIN_US, MAX_NAMES, Hole, State
from hiq.repair.watermark import Watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from msgspec import Raw

    from hiq.journal.journal import Journal
    from hiq.repair.edge import Edge
    from hiq.repair.outcomes import Outcome
    from hiq.repair.state import Folder
    from hiq.repair.writer import Writer
    from hiq.settings.schema import BackfillSettings

__all__ = ["Memory", "Parts", "digest"]

logger = logging.getLogger("hiq.repair")

F = TypeVar("F", bound="Callable[..., None]")

SKEW_S: Final = 5.0
"""How far the clocks may differ before Home Assistant has shown its own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What repair works with.

    Attributes:
        settings: the section `backfill`.
        options: of the pipeline.
        schemas: the streams of the journal; keys are looked up in the first.
        digest: of what decides which points are made, and for whom.
        folder: where it remembers.
        journal: is read.
        writer: takes restored points.
        executor: where files are read and written.
        first_ids: reads what renamed entities were called first; blocks.
        met: returns the entities that the live pipeline knows, from a number on,
            which begins with 1.
    """

    settings: BackfillSettings
    options: dict[str, Any]
    schemas: Sequence[str]
    digest: str
    folder: Folder
    journal: Journal
    writer: Writer
    executor: Executor | None = None
    first_ids: Callable[[], Mapping[str, str]] = dict
    met: Callable[[int], Sequence[str]] = lambda _: ()


def _alone(method: F) -> F:
    """Let one thread at a time into a method: a cancelled wait leaves one behind."""

    @wraps(method)
    def locked(self: Memory, *args: Any, **kwargs: Any) -> None:
        with self._lock:
            method(self, *args, **kwargs)

    return cast("F", locked)


class Memory:
    """Everything that is known; made by `Memory.open`."""

    def __init__(
        self,
        parts: Parts,
        state: State,
        recent: Keys,
        mark: Watermark,
        clock: Callable[[], float],
        *,
        names: set[str],
    ) -> None:
        self.state = state
        self.mark = mark
        self.names = names | recent.entities()
        """Every entity that was ever met, at most 100,000 of them."""
        self._saved_names = len(names)
        self.known: dict[int, Keys] = {}
        self.partial: dict[int, Keys] = {}
        """Of each hole, what was restored in the window that is not done."""
        self.closing: Hole | None = None
        """The hole whose end is being saved: it takes no more gaps."""
        self._parts = parts
        self._recent = recent
        self._clock = clock
        self._lock = threading.RLock()
        self._met = 0
        """Of the pipeline's entities: how many are among the names."""
        self._all_states = state.settings != parts.digest
        """Whether states at connect are new to a sink, or to the filter."""
        self._fed_states = False
        self.shortened = False
        """Whether the journal had lost its end when this began."""

    @classmethod
    def open(cls, parts: Parts, clock: Callable[[], float]) -> Memory:
        """Read what is there. Blocks."""
        state = parts.folder.load()
        stream = parts.schemas[0]
        recent = Keys()
        shortened = state.go_back(parts.journal.scout(stream).end)
        if shortened:
            logger.warning(
                "the end of the journal is gone; what it held is fetched again",
                extra={"complete_us": state.complete_us},
            )
        if state.complete_us is None:
            tail = parts.journal.scout(stream)
            state.at = tail.sequence
        else:
            tail = parts.journal.scout(stream, state.at)
            try:
                recent.update(journaled(tail))
            except OSError as exc:
                logger.warning(
                    "what was journaled last cannot be read; some points may be "
                    "delivered again",
                    extra={"reason": str(exc)},
                )
                tail = parts.journal.scout(stream)
        names = parts.folder.load_names()
        mark = Watermark(state, partial(parts.journal.take_latest, stream))
        memory = cls(parts, state, recent, mark, clock, names=names)
        memory.shortened = shortened
        parts.journal.hold(stream, state.at)
        parts.folder.sweep(state.holes)
        for hole in state.holes:
            if hole.until_us is not None:
                known = parts.folder.load_known(hole)
                known.update(
                    (name, time_us)
                    for name, time_us in recent
                    if hole.done_us < time_us <= hole.until_us
                )
                memory.known[hole.number] = known
        return memory

    @property
    def edge(self) -> Hole | None:
        """The hole whose end is not known, if there is one."""
        return next((h for h in self.state.holes if h.until_us is None), None)

    @property
    def left_s(self) -> float:
        """Seconds of history that are still to be read."""
        return sum(
            (hole.until_us - hole.done_us) / MICROSECONDS
            for hole in self.state.holes
            if hole.until_us is not None
        )

    # when something happens

    def begin(self) -> None:
        """Note the very first subscription: from about now on nothing may miss."""
        self.mark.complete_us = int((self._clock() - SKEW_S) * MICROSECONDS)
        self.state.guessed = True
        self._all_states = True

    def add(self, cause: str, gap: int, after_us: int | None) -> None:
        """Note a hole; one whose end is not known yet becomes part of the new one."""
        edge = self.edge
        if edge is not None and edge is not self.closing:
            edge.gaps.append(gap)
            return
        number = self.state.next_number
        self.state.next_number += 1
        hole = Hole(number=number, cause=cause, gaps=[gap], after_us=after_us)
        hole.probed = self.state.guessed  # there need not be anything so old
        self.state.holes.append(hole)

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Return the states at connect that may not have been delivered."""
        self._fed_states = True
        if self._all_states or self.mark.complete_us is None:
            return states
        return [state for state in states if not self._delivered(state)]

    # in the thread

    @_alone
    def look(self, *, sync: bool = False) -> None:
        """Let the mark move, and save. Blocks; raises OSError."""
        self._meet()
        moved = self.mark.look(moving=self.edge is None)
        if moved:
            self.state.guessed = False
        if moved and self._fed_states:
            self._all_states = False
        self.save(sync=sync)

    @_alone
    def save(self, *, sync: bool) -> None:
        """Save, then let go of what is not needed any more. Blocks; OSError."""
        mark, state = self.mark, self.state
        moved = state.complete_us != mark.complete_us
        state.complete_us, state.end = mark.complete_us, mark.seen
        filling = any(hole.until_us is not None for hole in state.holes)
        state.at = min(state.at, mark.sequence) if filling else mark.sequence
        if moved:
            state.leave_trail()
        state.settings = "" if self._all_states else self._parts.digest
        state.saved_s = self._clock()
        self._parts.folder.save(state, sync=sync)
        self._parts.journal.hold(self._parts.schemas[0], state.at)

    @_alone
    def found(self, hole: Hole, after_us: int, edge: Edge) -> None:
        """Note the end of a hole; the mark goes on from there. Blocks; OSError."""
        waiting = [h.until_us for h in self.state.holes if h.until_us is not None]
        after_us = max([after_us, *waiting])  # what is older is theirs
        edge.known.update(key for key in self._recent if key[1] > after_us)
        self._parts.folder.save_known(hole, edge.known)
        self.known[hole.number] = edge.known
        self.state.at = min(self.state.at, self.mark.sequence)
        hole.after_us = hole.done_us = after_us
        hole.until_us = max(edge.until_us, after_us)
        hole.stopped = edge.stopped
        self.mark.jump(hole.until_us, edge.sequence)
        self.state.guessed = False
        self.save(sync=True)

    @_alone
    def progress(self, sequence: int) -> None:
        """Save that what comes next is journaled behind a record. Blocks; OSError."""
        self.state.at = min(self.mark.sequence, sequence)
        self.save(sync=False)

    @_alone
    def forget(self, hole: Hole, outcome: Outcome) -> None:
        """Drop a hole that is filled or lost, but not what became of it.

        Blocks; OSError.
        """
        self.state.holes.remove(hole)
        self.state.outcomes = [*self.state.outcomes, outcome][-MAX_OUTCOMES:]
        self.known.pop(hole.number, None)
        self.partial.pop(hole.number, None)
        self.look(sync=True)
        self._parts.folder.forget(hole)

    # inside

    def _meet(self) -> None:
        """Learn the entities that the pipeline has met since, and save them."""
        fresh = self._parts.met(self._met + 1)
        self._met += len(fresh)
        self.names.update(fresh[: max(0, MAX_NAMES - len(self.names))])
        if len(self.names) != self._saved_names:
            self._parts.folder.save_names(self.names)
            self._saved_names = len(self.names)

    def _delivered(self, state: Raw) -> bool:
        try:
            found = msgspec.json.decode(state, type=CurrentState)
        except msgspec.DecodeError:
            return False
        key = (found.entity_id, found.updated_us)
        return self.mark.delivered(key[1]) or key in self._recent

    @property
    def since_s(self) -> float:
        """Unix seconds from which on something may be missing now, 0 if unknown."""
        begin_us = self.begin_us
        if begin_us is None:
            return self.state.saved_s
        return min(self.state.saved_s, begin_us / MICROSECONDS)

    @property
    def begin_us(self) -> int | None:
        """Where a hole begins that is found now; None before the first start."""
        complete_us = self.mark.complete_us
        return None if complete_us is None else complete_us - MARGIN_US


def digest(options: dict[str, Any], sinks: Sequence[str]) -> str:
    """Return a short text that changes with what decides the points, or their way."""
    text = msgspec.json.encode([options, list(sinks)], order="deterministic")
    return hashlib.sha256(text).hexdigest()[:16]
