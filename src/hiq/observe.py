"""Who else sees accepted events: told once per read, and nothing when nobody listens.

The core collects them only while somebody does. A listener that fails is a fault of
ours, told once; it stops neither the others nor ingestion. It must not know who
listens, nor why.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Observer", "Observers", "Tapped"]

logger = logging.getLogger("hiq.observe")

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

    def set_interest(self, number: int, wanted: bool) -> None:
        """Say whether the events of an entity are wanted."""
        ...

    def forget_interests(self) -> None:
        """Want the events of every entity again."""
        ...


class Observers:
    """The fan-out of accepted events.

    - After `add`: the observer is told of each event that is accepted from now on.
    - An entity that a single observer does not want is not collected for it.
    """

    def __init__(self) -> None:
        self._pipeline: Collecting | None = None
        self._observers: list[Observer] = []
        self._failed: set[int] = set()

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return bool(self._observers)

    def bind(self, pipeline: Collecting) -> None:
        """Say what collects."""
        self._pipeline = pipeline
        pipeline.tap(self.active)

    def add(self, observer: Observer) -> None:
        """Tell an observer from now on."""
        self._observers.append(observer)
        self.forget_interests()
        self._steer()

    def remove(self, observer: Observer) -> None:
        """Do not tell it any more; a no-op if it is not there."""
        if observer in self._observers:
            self._observers.remove(observer)
            self.forget_interests()
            self._steer()

    def set_interest(self, number: int, wanted: bool) -> None:
        """Note that the only observer does not want an entity; two want everything."""
        if self._pipeline is not None and number:
            self._pipeline.set_interest(number, wanted or len(self._observers) > 1)

    def forget_interests(self) -> None:
        """All entities are wanted until somebody says otherwise."""
        if self._pipeline is not None:
            self._pipeline.forget_interests()

    def tell(self) -> None:
        """Tell everybody what was accepted since the last time."""
        if self._pipeline is None or not self._observers:
            return
        found = self._pipeline.tapped()
        if not found:
            return
        for observer in tuple(self._observers):
            try:
                observer(found)
            except Exception:
                if id(observer) not in self._failed:
                    self._failed.add(id(observer))
                    logger.exception("a listener failed, it misses events")

    def _steer(self) -> None:
        if self._pipeline is not None:
            self._pipeline.tap(self.active)
