"""Violations of one contract: made in one place, and counted by code.

It must not know what is wrong, nor who is told.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hiq.assure.contracts import Violation

if TYPE_CHECKING:
    from hiq.assure.contracts import Code, Contract
    from hiq.assure.contracts_events import Occurrence

__all__ = ["Reporter"]


class Reporter:
    """Makes violations; `counts` has how many, by code."""

    def __init__(self, contract: Contract) -> None:
        self.counts: Counter[str] = Counter()
        self._name = contract.name
        self._keeps = contract.on_violation == "quarantine"

    def __call__(  # noqa: PLR0917  what is said, in the order of the record
        self,
        key: str,
        code: Code,
        step: str,
        message: str,
        last: Occurrence | None,
        events: tuple[str, ...] | None = None,
        after_s: float = 0.0,
    ) -> Violation:
        """Return a violation; without events it is about the last one only."""
        self.counts[code] += 1
        if events is None:
            events = () if last is None else (last.name,)
        source = last.json if self._keeps and last is not None else None
        after_s = round(after_s, 3)
        return Violation(self._name, key, code, step, message, events, after_s, source)
