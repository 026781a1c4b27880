"""Work in threads: for which no end may wait, and which comes back on a short way.

The event loop looks up host names in its default threads. A resolver without an
answer takes half a minute or longer, and a loop that closes waits for it. It does not
know what runs in the threads.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

__all__ = ["Lookups", "hop"]

LOOKUPS = 8

T = TypeVar("T")


class Lookups(ThreadPoolExecutor):
    """Default threads of an event loop.

    After calling `shutdown`: what has not begun never will; what runs is left alone,
    also if the caller would wait. The process must not wait for it either.
    """

    def __init__(self) -> None:
        super().__init__(LOOKUPS, thread_name_prefix="hiq-lookup")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work, and return at once."""
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)


def hop(
    executor: Executor | None, work: Callable[..., T], *args: Any
) -> asyncio.Future[T]:
    """Run what blocks in a thread; like `run_in_executor`, with half the steps.

    The future belongs to the caller's loop: cancelling it does not reach the thread.
    """
    loop = asyncio.get_running_loop()
    if executor is None:
        return loop.run_in_executor(None, work, *args)
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work(*args)
        except BaseException as exc:  # noqa: BLE001  the caller gets whatever it is
            back(future.set_exception, exc)
        else:
            back(future.set_result, result)

    def back(tell: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_unless_done, future, tell, what)

    executor.submit(run)
    return future


def _unless_done(
    future: asyncio.Future[Any], tell: Callable[[Any], None], what: Any
) -> None:
    if not future.done():
        tell(what)
