"""What a signal does to the command before it can do anything in order.

Python's own way, an exception wherever the interpreter happens to be, does not suit
imports: it ends in a traceback, or in a callback of the import system, which swallows
it, and the command goes on. The first process of a container has no way at all, since
the kernel keeps from it every signal that it does not handle. So the first thing that
the command does is to handle them: it leaves, at once, with a status that says so.

It must know nothing of hiq, so that it is there before anything else is.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

__all__ = ["as_usual", "at_once", "not_any_more"]

USUAL: Mapping[signal.Signals, Callable[..., object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


def at_once() -> None:
    """Let SIGINT and SIGTERM end the process, which has nothing to lose yet."""
    for number in USUAL:
        signal.signal(number, _leave)


def as_usual() -> None:
    """Let them do again what they do in any Python, if `at_once` changed it."""
    for number, usual in USUAL.items():
        if signal.getsignal(number) is _leave:
            signal.signal(number, usual)


def not_any_more() -> None:
    """Ignore them: the process ends already, and knows its status."""
    for number in USUAL:
        signal.signal(number, signal.SIG_IGN)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    if number == signal.SIGINT:
        os.write(2, b"interrupted\n")
    os._exit(128 + number)
