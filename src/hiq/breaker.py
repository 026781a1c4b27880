"""When the next request to a database may go: a circuit breaker with its pauses.

Closed: requests go; after a failure all wait a growing pause. So many failures in a
row open it: nothing goes until its time, and then it is half-open and lets exactly one
request probe. Pure: the clock and the pauses are arguments. It does not know what a
request is, nor who waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from hiq.backoff import delays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FAILURES", "PROBE_S", "Breaker", "Pauses", "State"]

FAILURES = 3
"""Failures in a row that open it."""
PROBE_S = 10.0
"""Time between two probes: a database that was restarted is found soon."""

LONGEST_S = 3600.0
"""No database may ask to be left alone for longer."""

State: TypeAlias = Literal["closed", "open", "half-open"]


class Pauses(Protocol):
    """Makes a fresh sequence of pauses in seconds, see `hiq.backoff.delays`."""

    def __call__(self, initial: float = 1.0, maximum: float = 60.0) -> Iterator[float]:
        """Begin with a pause of about this length, and stay below the other."""


class Breaker:
    """One per database; one thread.

    - After `ask` returned 0: a request may go, and exactly one of `succeeded`,
      `failed` and `abandoned` must follow. Otherwise it returned how long to wait
      until asking again makes sense; None: until one of these was called.
    - After `hurry`: a request may go at once, as if its time had come.
    - `opened` counts how often it went from closed to open.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        failures: int = FAILURES,
        probe_s: float = PROBE_S,
        pauses: Pauses = delays,
    ) -> None:
        self.state: State = "closed"
        self.failures = 0
        self.opened = 0
        self._clock = clock
        self._limit = failures
        self._probe_s = probe_s
        self._pauses = pauses
        self._pausing = pauses(maximum=probe_s)
        self._not_before = 0.0

    def ask(self) -> float | None:
        """Return 0 if a request may go now, else how long to wait; None: for news."""
        if self.state == "half-open":
            return None
        left = self._not_before - self._clock()
        if self.failures and left > 0:
            return left
        if self.state == "open":
            self.state = "half-open"
        return 0.0

    def succeeded(self) -> None:
        """The database answered as it should."""
        self.state = "closed"
        if self.failures:
            self.failures = 0
            self._not_before = 0.0  # what was asked of another request is over
            self._pausing = self._pauses(maximum=self._probe_s)

    def failed(self, after_s: float | None = None, *, at_once: bool = False) -> None:
        """It did not.

        Args:
            after_s: how long it asks to be left alone.
            at_once: open now: somebody has to repair something.
        """
        late = self.state == "open"  # sent before it opened
        self.failures += 1
        if self.state != "closed" or at_once or self.failures >= self._limit:
            self.opened += self.state == "closed"
            self.state = "open"
            pause = next(self._pauses(self._probe_s, self._probe_s))
        else:
            pause = next(self._pausing)
        if late and after_s is None:
            return
        until = self._clock() + max(pause, min(after_s or 0.0, LONGEST_S))
        self._not_before = max(self._not_before, until)

    def abandoned(self) -> None:
        """Nobody knows: the request was given up. Another may probe in its place."""
        if self.state == "half-open":
            self.state = "open"

    def hurry(self) -> None:
        """Do not wait any longer for the next request."""
        self._not_before = self._clock()
