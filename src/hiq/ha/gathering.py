"""Frames that come one by one wait for one another, so that they are read together.

At some events a second each frame wakes the process and finds the processor's caches
cold, and reading it costs many times what it does behind another one. So a lone state
event is only copied, and read when the next commit takes it, or something else wants to
be read behind it; where several come in that time, the socket itself is left alone for
as long as it has room for them. The order of messages stays as it was. It must not know
what is in a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Gathering"]


class Gathering:
    """What a listener and who takes the points have in common.

    - `may_wait`: asked for each lone frame, whether nobody wants its event at once.
    - `began`: called when the first one waits; `flush` must be called within
      `within_s` seconds then.
    - `flush`: reads those that wait. The listener of a connection puts itself here. It
      returns whether the socket was left alone: the loop then finds more in it.
    """

    __slots__ = ("began", "flush", "may_wait", "within_s")

    def __init__(
        self,
        may_wait: Callable[[], bool],
        began: Callable[[], object],
        within_s: float,
    ) -> None:
        self.may_wait = may_wait
        self.began = began
        self.within_s = within_s
        self.flush: Callable[[], bool] = _nothing


def _nothing() -> bool:
    """Stand in while there is no connection."""
    return False
