"""A home's past by hand: rows of the recorder straight to sinks, resumable.

Unlike repair it needs no running service and no journal. How far it has come is kept
in a file after each window that every sink has confirmed, so what is interrupted goes
on there. It does not know how a sink is talked to, nor who shows the progress.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from hiq.ha.history_rows import MICROSECONDS
from hiq.journal.files import Files
from hiq.repair.convert import NO_IDS, Converter
from hiq.repair.fetch import fetch
from hiq.repair.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from hiq.ha.history import History

__all__ = ["Import", "Job", "Progress", "key_of"]


class Job(Struct):
    """One import, and how far it is; times in microseconds since 1970.

    Attributes:
        key: of what was asked for, without the times.
        start_us: where it begins.
        end_us: where it ends.
        done_us: up to there every sink has everything.
        rows: rows read.
        points: points made of them.
    """

    key: str
    start_us: int
    end_us: int
    done_us: int
    rows: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The file of one import."""

    path: Path

    def load(self) -> Job | None:
        """Return the unfinished import; None if there is none."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Job)
        except (OSError, ValueError):
            return None

    def save(self, job: Job) -> None:
        """Replace the file. Blocks."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Files().replace(self.path, msgspec.json.encode(job), sync=True)

    def done(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


class Import:
    """One import.

    After going through `run()`: every sink has confirmed everything.
    """

    def __init__(
        self,
        history: History,
        job: Job,
        *,
        options: Mapping[str, Any],
        schemas: Sequence[str],
        patterns: Sequence[str] = (),
        names: frozenset[str] = frozenset(),
        first_ids: Mapping[str, str] = NO_IDS,
        window_s: float,
        rate: float,
        with_statistics: bool = False,
        write: Callable[[str, bytes], Awaitable[None]],
    ) -> None:
        self.job = job
        self._history = history
        self._options = options
        self._schemas = schemas
        self._patterns = patterns
        self._names = names
        self._first_ids = first_ids
        self._window_s = window_s
        self._rate = rate
        self._with_statistics = with_statistics
        self._write = write

    async def run(self) -> AsyncIterator[Job]:
        """Import; yields the job after each step, `done_us` after each window.

        Raises:
            CommandError: there is no recorder.
            ConnectionLost, ProtocolError: the connection is of no use any more.
        """
        job, history = self.job, self._history
        states, home = await history.states(), await history.home()
        converter = Converter(self._options, self._schemas, self._first_ids)
        await converter.learn(states, home)
        names = self._names | {state.entity_id for state in states}
        names |= home.entities.keys()
        wanted = converter.wanted(filter(self._chosen, names))
        if self._with_statistics:
            async for lines, points in statistics(
                history, self._chosen, job.start_us, job.end_us
            ):
                for schema in self._schemas:
                    await self._write(schema, lines)
                job.points += points
                yield job
        async for piece in fetch(
            history,
            wanted,
            job.done_us,
            job.end_us,
            window_s=self._window_s,
            rate=self._rate,
        ):
            converted = converter.convert(piece.rows)
            for schema, taken in converted.taken:
                await self._write(schema, taken.data)
            job.rows += converted.counts["events"]
            job.points += converted.counts["points"]
            job.done_us = piece.done_us
            yield job
        job.done_us = job.end_us
        yield job

    def _chosen(self, entity_id: str) -> bool:
        return not self._patterns or any(
            fnmatchcase(entity_id, pattern) for pattern in self._patterns
        )


def key_of(*parts: Any) -> str:
    """Return a short name of what was asked for."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]


def share(job: Job) -> float:
    """Return which share of the time is done, 0 to 1."""
    whole = max(1, job.end_us - job.start_us)
    return (job.done_us - job.start_us) / whole


def seconds_left(job: Job) -> float:
    """Return how much history is left, in seconds."""
    return (job.end_us - job.done_us) / MICROSECONDS
