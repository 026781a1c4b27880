"""What a declared chain of events is: its steps, limits, and what can be wrong with it.

Plain data, made from a declaration that the settings have checked. It must not know
how chains are followed, nor where events come from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "WARNINGS",
    "Answer",
    "Code",
    "Contract",
    "Pair",
    "Step",
    "Violation",
    "contract_of",
]


class Code(StrEnum):
    """What can be wrong with a chain."""

    MISSING_STEP = "MISSING_STEP"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    CLOSE_WITHOUT_OPEN = "CLOSE_WITHOUT_OPEN"
    PAIR_KEY_MISMATCH = "PAIR_KEY_MISMATCH"
    AFTER_TERMINAL = "AFTER_TERMINAL"
    GAP_EXCEEDED = "GAP_EXCEEDED"
    TOTAL_EXCEEDED = "TOTAL_EXCEEDED"
    OPEN_TOO_LONG = "OPEN_TOO_LONG"
    DUPLICATE = "DUPLICATE"
    NOT_ANSWERED = "NOT_ANSWERED"
    TOO_SHORT = "TOO_SHORT"


WARNINGS: Final = frozenset((Code.TOO_SHORT,))
"""What is odd, but no fault."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain: the events of one type."""

    event: str
    required: bool = True
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps of which the second closes what the first opened.

    Attributes:
        key: paths; the first that an event has tells which one it is about.
    """

    open: str
    close: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Each thing that one event names must come back in another.

    Attributes:
        ask: event that names things.
        each: paths of their names, a text or a list of texts.
        answer: event that shows that one of them answered.
        key: paths of its name there.
        label: paths that together say what was asked.
        within_s: how long an answer may take.
    """

    ask: str
    each: tuple[str, ...]
    answer: str
    key: tuple[str, ...]
    label: tuple[str, ...]
    within_s: float


@dataclass(frozen=True, slots=True)
class Contract:
    """One declared chain; docs/topics/contracts.md says what each part means."""

    name: str
    event_types: frozenset[str]
    correlate_by: tuple[str, ...]
    opens_with: str
    steps: tuple[Step, ...]
    where: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    interleave: frozenset[str] = frozenset()
    pairs: tuple[Pair, ...] = ()
    answers: tuple[Answer, ...] = ()
    terminal: frozenset[str] = frozenset()
    ignore_unopened: bool = False
    complete_after_idle: float | None = None
    max_gap: float | None = None
    max_total: float | None = None
    max_open: Mapping[str, float] = field(default_factory=dict)
    min_duration: Mapping[str, float] = field(default_factory=dict)
    on_violation: Literal["report", "quarantine"] = "report"


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of one chain.

    Attributes:
        correlation: which chain of the contract.
        step: the event type that is missing, or came when it should not.
        message: what is wrong, for a person.
        events: the first and the last events of the chain, `type@time`.
        after_s: seconds since the chain began.
        source: the last event of the chain as it came, where it is to be kept.
    """

    contract: str
    correlation: str
    code: Code
    step: str
    message: str
    events: tuple[str, ...] = ()
    after_s: float = 0.0
    source: bytes | None = None

    @property
    def is_warning(self) -> bool:
        """Whether the chain goes on and is not counted as broken."""
        return self.code in WARNINGS


def contract_of(given: Mapping[str, Any]) -> Contract:
    """Return the contract that a checked declaration means."""
    steps = tuple(Step(**step) for step in given["steps"])
    pairs = tuple(
        Pair(pair["open"], pair["close"], tuple(pair["key"]))
        for pair in given.get("pairs", ())
    )
    answers = tuple(
        Answer(
            one["ask"],
            tuple(one["each"]),
            one["answer"],
            tuple(one["key"]),
            tuple(one.get("label", ())),
            one["within"],
        )
        for one in given.get("answers", ())
    )
    match = given["match"]
    return Contract(
        name=given["name"],
        event_types=frozenset(match["event_types"]),
        correlate_by=tuple(given["correlate_by"]),
        opens_with=given.get("opens_with", steps[0].event),
        steps=steps,
        where=tuple(match.get("where", {}).items()),
        alternatives=tuple(map(tuple, given.get("alternatives", ()))),
        interleave=frozenset(given.get("interleave", ())),
        pairs=pairs,
        answers=answers,
        terminal=frozenset(given.get("terminal", ())),
        ignore_unopened=given.get("ignore_unopened", False),
        complete_after_idle=given.get("complete_after_idle"),
        max_gap=given.get("max_gap"),
        max_total=given.get("max_total"),
        max_open=given.get("max_open", {}),
        min_duration=given.get("min_duration", {}),
        on_violation=given.get("on_violation", "report"),
    )
