"""Who else sees accepted events: told once per read, and nothing when nobody listens.

The core collects them only while somebody does. A listener that fails is a fault of
ours, counted and told; it stops neither the others nor ingestion. It must not know who
listens, nor why.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from hiq import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Observer", "Observers", "Tapped"]

logger = logging.getLogger("hiq.observe")

REPEAT_S: Final = 600.0

Tapped = tuple[int, str, int, bytes]
"""Entity number (0: not remembered), entity id, nanoseconds, the event as sent."""


class Observer(Protocol):
    """Who is told."""

    def __call__(self, found: Sequence[Tapped], /) -> object:
        """Take the events of one read."""
        ...


class Collecting(Protocol):
    """What collects them; `hiq.Pipeline` does."""

    def tap(self, on: bool) -> None:
        """Begin or end to collect."""
        ...

    def tapped(self) -> list[Tapped]:
        """Return what was collected, and forget it."""
        ...

    def newest(self) -> list[bytes]:
        """Return the newest event of each entity of which only that is wanted."""
        ...

    def set_interest(self, number: int, wanted: bool, newest: bool = False) -> None:
        """Say whether the events of an entity are wanted, or only its newest."""
        ...

    def forget_interests(self) -> None:
        """Want the events of every entity again."""
        ...


class Observers:
    """The fan-out of accepted events.

    - After `add`: the observer is told of each event that is accepted from now on.
    - An entity that no observer wants is not collected; one of them cannot take it
      away from the others.
    - One observer may want the newest events only: it fetches them when it needs
      them, with `newest`, and until then they cost a copy each. It must do so
      before it takes what it is told: those are newer.
    - `errors` counts the calls that failed, under "observer".
    """

    def __init__(
        self,
        errors: Counter[str] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._errors = Counter() if errors is None else errors
        self._throttle = log.Throttle(REPEAT_S, clock)
        self._pipeline: Collecting | None = None
        self._bits: dict[Observer, int] = {}
        self._hasty: set[Observer] = set()
        self._all = 0
        self._unwanted: dict[int, int] = {}
        self._fetched: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._bits)

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return bool(self._bits)

    @property
    def patient(self) -> bool:
        """Whether nobody minds being told a commit time later."""
        return not self._hasty

    def bind(self, pipeline: Collecting) -> None:
        """Say what collects."""
        self._pipeline = pipeline
        pipeline.tap(self.active)

    def add(self, observer: Observer, *, patient: bool = False) -> None:
        """Tell an observer from now on; of one that is told already, how soon.

        Who is patient does not mind if events that come one by one are read together,
        at the latest at the next commit.
        """
        if patient:
            self._hasty.discard(observer)
        else:
            self._hasty.add(observer)
        if observer in self._bits:
            return
        bit = ~self._all & (self._all + 1)  # the lowest that is free
        self._bits[observer] = bit
        self._all |= bit
        if self._pipeline is not None:
            self._pipeline.tap(True)
            self._pipeline.forget_interests()

    def remove(self, observer: Observer) -> None:
        """Do not tell it any more; a no-op if it is not there."""
        self._hasty.discard(observer)
        bit = self._bits.pop(observer, None)
        if bit is None:
            return
        self._all &= ~bit
        self._forget(bit)
        if self._pipeline is None:
            return
        if not self._bits:
            self._pipeline.tap(False)
        for number in self._unwanted.keys() | self._fetched.keys():
            self._pass_on(number)  # it may be the last one that wanted it

    def set_interest(
        self, observer: Observer, number: int, wanted: bool, newest: bool = False
    ) -> None:
        """Note whether an observer wants the events of an entity, or its newest."""
        bit = self._bits.get(observer)
        if bit is None or not number or self._pipeline is None:
            return
        _mark(self._unwanted, number, bit, not wanted)
        _mark(self._fetched, number, bit, wanted and newest)
        self._pass_on(number)

    def newest(self) -> list[bytes]:
        """Return the newest events of those entities of which they are fetched."""
        return [] if self._pipeline is None else self._pipeline.newest()

    def forget_interests(self, observer: Observer) -> None:
        """An observer wants all entities until it says otherwise."""
        self._forget(self._bits.get(observer, 0))
        if self._pipeline is not None:
            self._pipeline.forget_interests()

    def tell(self) -> None:
        """Tell everybody what was accepted since the last time."""
        if self._pipeline is None or not self._bits:
            return
        found = self._pipeline.tapped()
        if not found:
            return
        for observer in tuple(self._bits):
            try:
                observer(found)
            except Exception:
                self._errors["observer"] += 1
                suppressed = self._throttle.allow(observer)
                if suppressed is not None:
                    logger.exception(
                        "a listener failed, it misses events",
                        extra={"suppressed": suppressed} if suppressed else {},
                    )

    def _pass_on(self, number: int) -> None:
        """Tell the pipeline what all of them together want of an entity."""
        assert self._pipeline is not None
        fetched = self._fetched.get(number, 0)
        enough = self._unwanted.get(number, 0) | fetched == self._all
        self._pipeline.set_interest(number, bool(fetched) or not enough, enough)

    def _forget(self, bit: int) -> None:
        """Take what an observer said away."""
        for said in (self._unwanted, self._fetched):
            for number in [number for number, bits in said.items() if bits & bit]:
                _mark(said, number, bit, False)


def _mark(said: dict[int, int], number: int, bit: int, on: bool) -> None:
    bits = said.get(number, 0)
    bits = bits | bit if on else bits & ~bit
    if bits:
        said[number] = bits
    else:
        said.pop(number, None)
