"""Which listener picows calls: the compiled one, or the one in Python.

The compiled listener reads fields of picows' objects, so it fits only the picows that
it was built with. `make_listener` uses it if the installed picows has the same
declarations, to the byte, and otherwise the one in Python, which does the same and
costs some microseconds more per frame. What frames mean is not known here.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import picows

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq._core import Pipeline
    from hiq.ha.gathering import Gathering
    from hiq.ha.listener import Listener

__all__ = ["Lane", "Owner", "PlainListener", "compiled", "make_listener"]

logger = logging.getLogger("hiq.ha.listening")


@dataclass(frozen=True, slots=True)
class Lane:
    """The short way for frames: from picows' buffer into the compiled pipeline.

    Attributes:
        pipeline: takes them.
        count: told once per read what became of them, see `hiq.ha.feed.Feed.add`.
        on_full: the lines should be taken before the next frame.
        on_passed: takes the messages that are no state events.
        gathering: lets lone state events wait for one another.
    """

    pipeline: Pipeline
    count: Callable[[int, int, int, int, int, int, int, int], object]
    on_full: Callable[[], object]
    on_passed: Callable[[list[bytes]], object]
    gathering: Gathering | None = None


class Owner(Protocol):
    """What a listener calls; nothing but `end_read` and `fail` may be left out."""

    def connected(self, transport: picows.WSTransport) -> None:
        """Take the transport."""

    def take_frame(self, frame: picows.WSFrame) -> None:
        """Take a frame that does not go the short way; raises nothing."""

    def end_read(self) -> None:
        """Take the end of one read that held a message; raises nothing."""

    def fail(self, exc: Exception) -> None:
        """End the connection because of this."""

    def rest(self, seconds: float) -> bool:
        """Leave the socket alone so long at most; returns whether that is allowed."""

    def rouse(self) -> bool:
        """Read it again; returns whether it rested."""

    def disconnected(self) -> None:
        """Take note of the end."""


class PlainListener(picows.WSListener):
    """The listener in Python: every frame goes to the owner, whatever `direct` says."""

    def __init__(self, owner: Owner, _: Lane | None = None) -> None:
        super().__init__()
        self._owner = owner
        self.direct = False
        self.in_batch = False

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Hand the transport on."""
        self._owner.connected(transport)

    def on_ws_frame(self, _: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Hand one frame on, and the end of a read."""
        self._owner.take_frame(frame)
        if frame.last_in_buffer and self.in_batch:
            self.in_batch = False
            self._owner.end_read()

    def on_ws_disconnected(self, _: picows.WSTransport) -> None:
        """Hand the end on."""
        self._owner.disconnected()

    def pause_writing(self) -> None:
        """Nothing to do: hiq sends a few small commands."""

    def resume_writing(self) -> None:
        """Nothing to do."""


def compiled() -> type[Listener] | str:
    """Return the compiled listener, or why it cannot be used."""
    declarations = Path(picows.__file__).with_name("picows.pxd")
    try:
        with warnings.catch_warnings():
            # A type whose size has changed is a warning only if it has grown.
            warnings.simplefilter("error")
            from hiq.ha import listener  # noqa: PLC0415  it may not be there
        found = hashlib.sha256(declarations.read_bytes()).hexdigest()
    except (ImportError, ValueError, TypeError, Warning, OSError) as exc:
        return f"{type(exc).__name__}: {exc}"
    if found != listener.DECLARATIONS:
        here = getattr(picows, "__version__", "this one")
        return f"it was built with another picows than {here}"
    return listener.Listener


@cache
def _chosen() -> type[Listener | PlainListener]:
    """Choose once per process, and say so if it is the slower one."""
    found = compiled()
    if isinstance(found, str):
        logger.warning(
            "the compiled listener cannot be used, the one in Python takes its place",
            extra={"reason": found},
        )
        return PlainListener
    return found


def make_listener(owner: Owner, lane: Lane | None) -> Listener | PlainListener:
    """Return the best listener that works with the installed picows."""
    return _chosen()(owner, lane)
