"""Handshakes counted, and addresses that failed too often. The clock is an argument."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hiq.clients.denied import Denied

if TYPE_CHECKING:
    from hiq.clients.principal import Principal

__all__ = ["Counts", "Throttle"]

MAX_ADDRESSES: Final = 4096


class Throttle:
    """Who failed too often waits a little; everybody else does not.

    - An address with `most` failures within `window_s` is refused until `wait_s`
      seconds have passed since the last of them; what is refused is not counted.
    - Beyond the bound of addresses the one that failed longest ago is forgotten.
    """

    def __init__(
        self, most: int, *, window_s: float = 60.0, wait_s: float = 5.0
    ) -> None:
        self._most = most
        self._window_s = window_s
        self._wait_s = wait_s
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, address: str, now_s: float) -> float:
        """Return for how long an address has to wait; 0 if it may try."""
        found = self._failures.get(address)
        if found is None:
            return 0.0
        while found and found[0] <= now_s - self._window_s:
            found.popleft()
        if not found:
            del self._failures[address]
            return 0.0
        if len(found) < self._most:
            return 0.0
        return max(0.0, found[-1] + self._wait_s - now_s)

    def failed(self, address: str, now_s: float) -> None:
        """Count a failure."""
        found = self._failures.pop(address, None)
        if found is None:
            found = deque(maxlen=max(1, self._most))
        found.append(now_s)
        self._failures[address] = found
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)


@dataclass(slots=True)
class Counts:
    """Handshakes, counted."""

    attempts: int = 0
    successes: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def count(self, verdict: Principal | Denied) -> None:
        """Count one."""
        self.attempts += 1
        if isinstance(verdict, Denied):
            self.failures[verdict.code] = self.failures.get(verdict.code, 0) + 1
        else:
            self.successes += 1
