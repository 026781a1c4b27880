"""Who must answer within a chain: named by one event, seen in another, or silent.

It must not know what a chain is, nor what becomes of a silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hiq.assure.contracts_events import first_of, reader_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hiq.assure.contracts import Answer
    from hiq.assure.contracts_events import Occurrence

__all__ = ["Demand", "Excuse", "Questions"]

MOST_DEMANDS: Final = 100
MOST_NAMED: Final = 5


class Excuse(Protocol):
    """Says whether who did not answer need not have."""

    def __call__(self, label: str, key: str, asked_s: float, /) -> str | None:
        """Return None if it is excused, else what is known of it, as words."""


@dataclass(slots=True)
class Demand:
    """Things that were named and have not answered yet."""

    rule: Answer
    label: str
    asked_s: float
    due_s: float
    waiting: dict[str, None]

    def silent(self, excuse: Excuse) -> str:
        """Return who has no excuse, as words; "" for nobody."""
        found = []
        for name in self.waiting:
            words = excuse(self.label, name, self.asked_s)
            if words is not None:
                found.append(f"{name} {words}".strip())
        if not found:
            return ""
        rest = len(found) - MOST_NAMED
        names = ", ".join(found[:MOST_NAMED])
        names += f" and {rest} more" if rest > 0 else ""
        return f"{self.label} was not answered within {self.rule.within_s:g} s: {names}"


class Questions:
    """The rules of one contract; `too_many` counts what was not followed."""

    def __init__(self, rules: Sequence[Answer]) -> None:
        self._rules = [
            (
                rule,
                tuple(map(reader_of, rule.each)),
                tuple(map(reader_of, rule.key)),
                tuple(map(reader_of, rule.label)),
            )
            for rule in rules
        ]
        self.too_many = 0

    def take(
        self, demands: list[Demand], one: Occurrence, now_s: float
    ) -> Demand | None:
        """Note who has answered; return what an event asks for, if anything."""
        asked = None
        for rule, each, key, label in self._rules:
            if one.event_type == rule.answer and demands:
                name = first_of(key, one)
                for demand in demands:
                    if demand.rule is rule and name is not None:
                        demand.waiting.pop(name, None)
                demands[:] = [demand for demand in demands if demand.waiting]
            elif one.event_type == rule.ask:
                names = texts_of(each, one)
                _superseded(demands, rule, names)
                if names and len(demands) < MOST_DEMANDS:
                    words = ".".join(first_of((path,), one) or "?" for path in label)
                    due_s = now_s + rule.within_s
                    waiting = dict.fromkeys(names)
                    asked = Demand(rule, words or rule.ask, now_s, due_s, waiting)
                    demands.append(asked)
                elif names:
                    self.too_many += 1
        return asked


def _superseded(demands: list[Demand], rule: Answer, names: list[str]) -> None:
    """Let who is asked again answer once, to the later question.

    A service may call another one for the same things: that is one question.
    """
    for demand in demands:
        if demand.rule is rule:
            for name in names:
                demand.waiting.pop(name, None)
    demands[:] = [demand for demand in demands if demand.waiting]
