"""The clients of `/ws` that want to be told what changes in the status of the house.

While there are none, nobody listens to the house: one at which nobody looks costs
nothing. It must not know what a status looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from hiq.clients.homeiq import HomeIq
    from hiq.web.house import House
    from hiq.web.parts import Parts
    from hiq.web.types.house import Delta

__all__ = ["StatusClients"]


class StatusClients:
    """Those who want to know, and the house they are told of.

    After `watch`: they are told what changes, if there is a house. It may come later
    than the clients, so `watch` is to be called from time to time.

    Args:
        parts: its `house` is listened to.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._clients: set[HomeIq] = set()
        self._house: House | None = None

    def wanted(self, client: HomeIq, on: bool) -> None:
        """Tell this client what changes from now on, or no longer."""
        if on:
            self._clients.add(client)
        else:
            self._clients.discard(client)
        self.watch()

    def watch(self) -> None:
        """Listen to the house that there is now, or to none."""
        house = self._parts.house if self._clients else None
        if house is self._house:
            return
        if self._house is not None:
            self._house.unlisten(self._deltas)
        self._house = house
        if house is not None:
            house.listen(self._deltas)

    def _deltas(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            frame = msgspec.json.encode(delta)
            for client in tuple(self._clients):
                client.deliver_status(frame)
