"""Threads whose work cannot be interrupted, and for which no end may wait.

The event loop looks up host names in its default threads. A resolver without an
answer takes half a minute or longer, and a loop that closes waits for it. It does not
know what runs in the threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

__all__ = ["Lookups"]

LOOKUPS = 8


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
