"""So many requests per minute from each address, and no more.

A bucket for each address, filled at an even pace; the number of buckets is bounded.
The clock is an argument: seconds that never go back.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["AddressLimit"]

MAX_ADDRESSES = 4096


class AddressLimit:
    """The requests that each address has left.

    - An address that was silent for a minute has `per_minute` of them.
    - Beyond `limit` addresses the one that was silent for longest is forgotten, which
      only gives it back what it had used up.

    Args:
        per_minute: requests; 0 allows any number.
        limit: addresses.
    """

    def __init__(self, per_minute: int, *, limit: int = MAX_ADDRESSES) -> None:
        self._per_minute = per_minute
        self._limit = limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, address: str, now_s: float) -> float:
        """Count a request: 0 if it may pass, else the seconds until the next may."""
        if not self._per_minute:
            return 0.0
        most = float(self._per_minute)
        left, since_s = self._buckets.pop(address, (most, now_s))
        left = min(most, left + max(0.0, now_s - since_s) * most / 60.0)
        allowed = left >= 1.0
        self._buckets[address] = (left - 1.0 if allowed else left, now_s)
        if len(self._buckets) > self._limit:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) * 60.0 / most
