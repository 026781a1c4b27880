"""An end to accepting connections that leaves nobody half connected.

asyncio hands a new connection over some turns of the loop after accepting it (task,
protocol, `connection_made`). Up to Python 3.11 it fails and is left open if its server
is closed in between (python/cpython#109564). It must not know what is served.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

__all__ = ["stop_accepting"]

TURNS: Final = 3


async def stop_accepting(listeners: Iterable[socket.socket]) -> None:
    """Stop accepting, with whoever has just been accepted connected.

    Call it before the server that listens there is closed.
    """
    loop = asyncio.get_running_loop()
    for listener in listeners:
        loop.remove_reader(listener.fileno())
    for _ in range(TURNS):
        await asyncio.sleep(0)
