"""How many events came lately: in all, by type, by domain, by entity.

It keeps what growing counters said at a few moments; what a window gained is the
difference of two of them. So an event costs nothing here, and what is kept has a
bound, whatever comes. It must not know who counts, nor what the time is: counters and
seconds of a clock that never goes back are arguments.
"""

from __future__ import annotations

import heapq
import sys
from array import array
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOLLOWED", "STEP_S", "WINDOWS_S", "Counted", "Gain", "Rates", "WindowName"]

WindowName: TypeAlias = Literal["1m", "5m", "15m"]

WINDOWS_S: Final[Mapping[WindowName, float]] = {"1m": 60.0, "5m": 300.0, "15m": 900.0}
STEP_S: Final = 1.0
"""How often to look while events come."""
STEPS: Final = 60
"""Moments in a window: it covers its length, or a sixtieth more."""
ENTITY_STEPS: Final = 4
"""The same for entities, of which each moment keeps thousands."""
FOLLOWED: Final = 5_000
"""Entities with the most events that are told apart in a window."""
SOON: Final = 0.9
"""Share of a step from which on it counts as over, since no timer is exact."""
OTHER: Final = "other"

M = TypeVar("M")


class Counted(Protocol):
    """What is counted since the beginning."""

    def by_type(self) -> Mapping[str, int]:
        """Return the events of each type."""
        ...

    def domains(self) -> list[str]:
        """Return the names of the domains by number; the first is "", all others."""
        ...

    def by_domain(self) -> list[int]:
        """Return the events of each domain, by number."""
        ...

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return so many entities with the most events, with their events."""
        ...


@dataclass(frozen=True, slots=True)
class Gain:
    """What came in a window.

    Attributes:
        seconds: how long the window really is; shorter in a young run.
        events: how many came, of all types.
        by_type: those of each type.
        by_domain: state changes of each domain, most first.
        top: entities that changed most, most first.
        top_seconds: how long the window of `top` is.
    """

    seconds: float
    events: int
    by_type: Mapping[str, int]
    by_domain: Mapping[str, int]
    top: tuple[tuple[str, int], ...]
    top_seconds: float

    @property
    def per_second(self) -> float:
        """Events per second; 0 in the first moment."""
        return self.events / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class _Sums:
    types: Mapping[str, int]
    domains: array[int]


@dataclass(frozen=True, slots=True)
class _Busiest:
    """Entities with the most events; `least` is what one that is missing may have."""

    names: tuple[str, ...]
    events: array[int]

    @property
    def least(self) -> int:
        return self.events[-1] if len(self.events) >= FOLLOWED else 0


@dataclass(frozen=True, slots=True)
class _Mark(Generic[M]):
    at: float
    state: M


class _Window(Generic[M]):
    """The marks of one window, at most two for each of its steps."""

    def __init__(self, span_s: float, steps: int, first: _Mark[M]) -> None:
        self._span_s = span_s
        self._step_s = span_s / steps * SOON
        self._marks = deque([first], maxlen=2 * steps + 2)

    def __len__(self) -> int:
        return len(self._marks)

    def is_due(self, now: float) -> bool:
        """Whether a step is over."""
        return now - self._marks[-1].at >= self._step_s

    def add(self, mark: _Mark[M], before: _Mark[M]) -> None:
        """Keep a mark if a step is over, and the one before if nothing came since."""
        if not self.is_due(mark.at):
            return
        if before.at > self._marks[-1].at and mark.at - before.at >= self._step_s:
            self._marks.append(before)
        self._marks.append(mark)
        while len(self._marks) > 1 and self._marks[1].at <= mark.at - self._span_s:
            self._marks.popleft()

    def base(self, now: float, last: _Mark[M]) -> _Mark[M]:
        """Return what was when the window began, or the last mark before that.

        If nothing came between two marks, what was is known at every moment between.
        `last`: the newest mark, kept or not.
        """
        begin = now - self._span_s
        found = self._marks[0]
        for mark in (*self._marks, last):
            if mark.at > begin:
                if found.at < begin and mark.state is found.state:
                    return _Mark(begin, found.state)
                break
            found = mark
        return found

    def shown(self, seconds: float, *, is_empty: bool) -> float:
        """Return how long the window is: no longer than it should be without events."""
        return max(0.0, min(seconds, self._span_s) if is_empty else seconds)


class Rates:
    """The windows over some counters.

    - Call `sample` every `STEP_S` while events come. After it has returned False,
      nothing came since the last time; it may rest until `stir` is called, in front
      of, or together with, the next event.
    - `gain` is exact: each event is in a window from when it came until the window
      has passed it, plus a step.
    - Of the entities the `FOLLOWED` with the most events are told apart; if there are
      more, one that was not among them has at least what is said.
    """

    def __init__(self, counted: Counted, now: float) -> None:
        self._counted = counted
        self._last = _Mark(now, self._sums())
        self._seen = _Mark(now, self._busiest())
        self._is_seen = True
        windows = WINDOWS_S.items()
        self._windows = {
            name: _Window(span, STEPS, self._last) for name, span in windows
        }
        self._entities = {
            name: _Window(span, ENTITY_STEPS, self._seen) for name, span in windows
        }

    def __len__(self) -> int:
        """Return how many moments are kept."""
        found = [len(window) for window in self._windows.values()]
        return sum(found) + sum(len(window) for window in self._entities.values())

    def sample(self, now: float) -> bool:
        """Look at the counters; return whether anything came since the last look."""
        sums = self._sums()
        if sums == self._last.state:
            if not self._is_seen:  # what is true now is true until something comes
                self._look(now)
            self._last = _Mark(now, self._last.state)
            return False
        self._add(_Mark(now, sums))
        self._is_seen = False
        if any(window.is_due(now) for window in self._entities.values()):
            self._look(now)
        return True

    def stir(self, now: float) -> None:
        """Note that until now nothing came since the last look."""
        self._add(_Mark(now, self._last.state))
        self._add_entities(_Mark(now, self._seen.state))
        self._is_seen = False

    def gain(self, name: WindowName, now: float, most: int = 0) -> Gain:
        """Return what came in a window, with so many entities that changed most."""
        window, entities = self._windows[name], self._entities[name]
        base, since = window.base(now, self._last), entities.base(now, self._seen)
        sums = self._sums()
        types = {
            key: count - base.state.types.get(key, 0)
            for key, count in sums.types.items()
        }
        events = sum(types.values())
        top = self._top(since.state, most) if most else ()
        return Gain(
            seconds=window.shown(now - base.at, is_empty=not events),
            events=events,
            by_type={key: count for key, count in types.items() if count},
            by_domain=self._named(sums.domains, base.state.domains),
            top=top,
            top_seconds=entities.shown(now - since.at, is_empty=not top),
        )

    def domains(self) -> dict[str, int]:
        """Return the state changes of each domain since the beginning, most first."""
        return self._named(array("Q", self._counted.by_domain()), array("Q"))

    # inside

    def _sums(self) -> _Sums:
        domains = array("Q", self._counted.by_domain())
        return _Sums(dict(self._counted.by_type()), domains)

    def _busiest(self) -> _Busiest:
        """Read the entities; their names are held once, however often they are kept."""
        found = self._counted.top(FOLLOWED)
        names = tuple(sys.intern(name) for name, _ in found)
        return _Busiest(names, array("Q", [events for _, events in found]))

    def _add(self, mark: _Mark[_Sums]) -> None:
        for window in self._windows.values():
            window.add(mark, self._last)
        self._last = mark

    def _look(self, now: float) -> None:
        self._add_entities(_Mark(now, self._busiest()))
        self._is_seen = True

    def _add_entities(self, mark: _Mark[_Busiest]) -> None:
        for window in self._entities.values():
            window.add(mark, self._seen)
        self._seen = mark

    def _named(self, now: array[int], then: array[int]) -> dict[str, int]:
        """Return the gains of domains by name, most first."""
        gained: Counter[str] = Counter()
        for number, name in enumerate(self._counted.domains()[: len(now)]):
            old = then[number] if number < len(then) else 0
            gained[name or OTHER] += now[number] - old
        found = sorted(gained.items(), key=lambda it: (-it[1], it[0]))
        return {name: count for name, count in found if count}

    def _top(self, then: _Busiest, most: int) -> tuple[tuple[str, int], ...]:
        old = dict(zip(then.names, then.events, strict=True))
        least = then.least
        gained = (
            (name, events - old.get(name, least))
            for name, events in self._counted.top(FOLLOWED)
        )
        found = (item for item in gained if item[1] > 0)
        return tuple(heapq.nsmallest(most, found, key=lambda it: (-it[1], it[0])))
