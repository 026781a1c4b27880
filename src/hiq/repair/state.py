"""What repair remembers over a restart: how far all is complete, and which holes are.

`<data folder>/backfill/` holds `state.json`, the names of all entities ever seen, and
for each hole the rows in it that had been delivered when it was found. A file that is
old only makes repair look again at what it has done. It knows no loop.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct, field

from hiq.journal.files import Files
from hiq.repair.keys import Keys
from hiq.repair.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["MARGIN_US", "MAX_NAMES", "Folder", "Hole", "Note", "State"]

logger = logging.getLogger("hiq.repair")

MARGIN_US: Final = 2_000_000
"""Home Assistant may send an event somewhat later than a newer one."""
MAX_NAMES: Final = 100_000
MAX_TRAIL: Final = 64


class Hole(Struct, kw_only=True):
    """A span of time whose rows are to be fetched.

    Attributes:
        number: its own, also in the name of its file.
        cause: as in the ledger of gaps.
        gaps: numbers of its gaps in the ledger; several if the connection was lost
            again before it could be filled.
        after_us: where it begins; None: `first_start` before the present.
        until_us: where it ends; None until that is known.
        done_us: what is fetched and journaled.
        probed: whether the recorder was asked if it reaches back so far.
        rows: rows read in it.
        points: points restored.
        known: rows that had been delivered already.
        missing: why something stays missing in any case; "" if nothing is known.
        stopped: when its end was looked for, the recorder did not record.
    """

    number: int
    cause: str
    gaps: list[int]
    after_us: int | None
    until_us: int | None = None
    done_us: int = 0
    probed: bool = False
    rows: int = 0
    points: int = 0
    known: int = 0
    missing: str = ""
    stopped: bool = False


class Note(Struct, frozen=True, array_like=True):
    """How far all was complete, and journaled, at some earlier time.

    Attributes:
        end: where the journal ended.
        complete_us: no further than to the begin of the first hole that was not filled.
        at: the record from which on newer rows were to be found.
    """

    end: int
    complete_us: int
    at: int = 0


class State(Struct, kw_only=True):
    """All of it.

    Attributes:
        complete_us: every event up to here is in the journal or in a hole; None
            before the first subscription.
        at: the record from which on the journal is read after a start.
        end: behind the record that was journaled last.
        trail: notes of some earlier times, oldest first; for a journal that has lost
            its end.
        holes: oldest first.
        outcomes: of the last ones that there are no more, oldest first.
        next_number: of the next hole.
        settings: a digest of what decides which points are made, and for whom.
        saved_s: when this was true, Unix seconds.
        guessed: the mark is hiq's own clock, before anything was journaled.
        told_s: gaps that were settled up to then are points already.
    """

    complete_us: int | None = None
    at: int = 0
    end: int = 0
    trail: list[Note] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    next_number: int = 1
    settings: str = ""
    saved_s: float = 0.0
    told_s: float = 0.0
    guessed: bool = False
    format: int = 1

    def leave_trail(self) -> None:
        """Note where the journal ends and what is complete; older notes grow sparse."""
        if self.complete_us is None:
            return
        begins = (h.after_us for h in self.holes if h.after_us is not None)
        complete_us = min([self.complete_us, *begins])
        self.trail.append(Note(self.end, complete_us, self.at))
        if len(self.trail) > MAX_TRAIL:
            half = len(self.trail) // 2
            self.trail = self.trail[:half:2] + self.trail[half:]

    def go_back(self, end: int) -> bool:
        """Forget what is not known any more, if the journal ends at this record.

        Returns whether it has lost its end.
        """
        if end >= self.end:
            return False
        kept = [note for note in self.trail if note.end <= end] or self.trail[:1]
        self.trail = kept
        if kept and self.complete_us is not None:
            self.complete_us = min(self.complete_us, kept[-1].complete_us)
            self.at = min(self.at, kept[-1].at)
        self.at = min(self.at, end)
        self.end = end
        for hole in self.holes:
            # What was restored may have been there as well: it is asked for again.
            if hole.until_us is not None and hole.after_us is not None:
                hole.done_us = hole.after_us
        return True


class Folder:
    """The files; every method blocks and raises OSError only when writing."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self.path = path
        self._files = files or Files()

    def load(self) -> State:
        """Return what was saved; a fresh state if there is none, or it is damaged."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except (OSError, ValueError) as exc:
            logger.warning(
                "how far all is complete cannot be read; holes are not filled "
                "from before this start",
                extra={"file": str(self._state), "reason": str(exc)},
            )
            return State()

    def save(self, state: State, *, sync: bool) -> None:
        """Replace the state."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.replace(self._state, msgspec.json.encode(state), sync=sync)

    def load_names(self) -> set[str]:
        """Return the names of entities that were seen."""
        try:
            return set(msgspec.json.decode(self._names.read_bytes(), type=list[str]))
        except (OSError, ValueError):
            return set()

    def save_names(self, names: Iterable[str]) -> None:
        """Replace the names."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = msgspec.json.encode(sorted(names)[:MAX_NAMES])
        self._files.replace(self._names, content, sync=False)

    def load_known(self, hole: Hole) -> Keys:
        """Return the rows of a hole that were delivered when it was found."""
        keys = Keys()
        try:
            data = self._known(hole).read_bytes()
            keys.update(msgspec.json.decode(data, type=list[tuple[str, int]]))
        except (OSError, ValueError) as exc:
            logger.warning(
                "which rows of a hole were delivered cannot be read; some may be "
                "delivered again",
                extra={"hole": hole.number, "reason": str(exc)},
            )
        return keys

    def save_known(self, hole: Hole, keys: Keys) -> None:
        """Write the rows of a hole that were delivered."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = msgspec.json.encode(list(keys))
        self._files.replace(self._known(hole), content, sync=True)

    def forget(self, hole: Hole) -> None:
        """Remove the file of a hole that is filled."""
        with contextlib.suppress(OSError):
            self._files.remove(self._known(hole))

    def sweep(self, holes: Iterable[Hole]) -> None:
        """Remove files of holes that there are no more: a full disk may keep one."""
        kept = {self._known(hole) for hole in holes}
        with contextlib.suppress(OSError):
            for path in set(self.path.glob("known-*.json")) - kept:
                self._files.remove(path)

    @property
    def _state(self) -> Path:
        return self.path / "state.json"

    @property
    def _names(self) -> Path:
        return self.path / "names.json"

    def _known(self, hole: Hole) -> Path:
        return self.path / f"known-{hole.number}.json"
