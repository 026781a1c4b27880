"""How often something happens, learned from counts, and when its silence is too long.

Only what is steady is judged: a thermometer that reports every minute is, a motion
detector that sleeps all night is not. Of each thing a handful of numbers is kept, and
of so many things only. Counts and the time are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Rhythm", "Rhythms"]

LEAST_EVENTS = 20
"""Fewer say nothing about a rhythm."""
MEANS = 20.0
"""A silence of so many mean intervals is too long ..."""
LONGEST = 3.0
"""... if it is also so many times the longest one that was seen ..."""
STEADY = 10.0
"""... and that one is at most so many mean intervals."""
FADE = 0.998
"""How fast the longest silence is forgotten, per look that brings something."""
MANY = 1000
"""Events of which the mean is made; beyond that the older half is forgotten."""


@dataclass(slots=True)
class Rhythm:
    """One thing that happens now and then.

    Attributes:
        count: how often it has happened, as counted elsewhere.
        first_s: since when the events are counted of which the mean is made.
        last_s: when it was last seen to happen.
        events: how many they are.
        known_s: for how long it has been known.
        longest_s: the longest silence between two looks at which it had happened.
    """

    count: int
    first_s: float
    last_s: float
    events: int = 0
    known_s: float = 0.0
    longest_s: float = 0.0

    def see(self, count: int, now_s: float) -> bool:
        """Take a new count; True if something has happened since the last one."""
        if count == self.count:
            return False
        grown = count - self.count
        self.count = count
        if grown < 0:  # counted from the beginning again
            return False
        if not self.events:
            self.first_s = self.last_s = now_s
        silence_s = now_s - self.last_s
        self.longest_s = max(self.longest_s * FADE, silence_s)
        self.known_s += silence_s
        self.events += grown
        self.last_s = now_s
        if self.events > MANY:
            self.first_s = now_s - (now_s - self.first_s) * MANY / 2 / self.events
            self.events = MANY // 2
        return True

    def pause(self, now_s: float) -> None:
        """Leave out the time up to now: nothing could have happened, or been seen."""
        away_s = now_s - self.last_s
        self.first_s += away_s
        self.last_s = now_s

    @property
    def mean_s(self) -> float:
        """Mean interval."""
        return (self.last_s - self.first_s) / max(1, self.events - 1)

    def limit_s(self, least_s: float, learn_s: float) -> float | None:
        """Return which silence is too long; None as long as none can be.

        Args:
            least_s: no shorter one is.
            learn_s: how long it has to be known.
        """
        mean_s = self.mean_s
        if self.events < LEAST_EVENTS or self.known_s < learn_s:
            return None
        if self.longest_s > STEADY * max(mean_s, least_s / MEANS):
            return None
        return max(least_s, MEANS * mean_s, LONGEST * self.longest_s)


class Rhythms:
    """The rhythms of the busiest things, at most `most` of them.

    - After `see`: what is named there is known, what is not named is forgotten.
    - `forgotten` counts those.
    """

    def __init__(self, *, most: int, least_s: float, learn_s: float) -> None:
        self.forgotten = 0
        self._most = most
        self._least_s = least_s
        self._learn_s = learn_s
        self._found: dict[str, Rhythm] = {}

    def __len__(self) -> int:
        return len(self._found)

    def last_s(self, name: str) -> float | None:
        """Return when something was last seen to happen; None if it is not known."""
        found = self._found.get(name)
        return None if found is None or not found.events else found.last_s

    def see(self, counts: Iterable[tuple[str, int]], now_s: float) -> None:
        """Take how often each thing has happened by now, the busiest first."""
        before, self._found = self._found, {}
        for name, count in counts:
            if len(self._found) == self._most:
                break
            rhythm = before.pop(name, None)
            if rhythm is None:
                rhythm = Rhythm(count, now_s, now_s)
            else:
                rhythm.see(count, now_s)
            self._found[name] = rhythm
        self.forgotten += len(before)

    def pause(self, now_s: float) -> None:
        """Leave out the time up to now for all of them."""
        for rhythm in self._found.values():
            rhythm.pause(now_s)

    def forget(self, name: str) -> None:
        """Learn anew about something: it is gone, or was replaced."""
        found = self._found.get(name)
        if found is not None:
            self._found[name] = Rhythm(found.count, found.last_s, found.last_s)

    def silent(self, now_s: float) -> list[tuple[str, float, float]]:
        """Return what is silent for too long: name, seconds, mean interval."""
        found = []
        for name, rhythm in self._found.items():
            quiet_s = now_s - rhythm.last_s
            if quiet_s < self._least_s:
                continue
            limit_s = rhythm.limit_s(self._least_s, self._learn_s)
            if limit_s is not None and quiet_s > limit_s:
                found.append((name, quiet_s, rhythm.mean_s))
        return found
