"""What the monitor is told at each look: plain figures, gathered in one turn.

All times are seconds of a clock that never goes back. It must not know where a figure
comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ClientFacts", "Facts", "HaFacts", "SinkFacts"]


@dataclass(frozen=True, slots=True)
class HaFacts:
    """The connection to Home Assistant; `events` came as events, not at connect."""

    subscribed: bool = False
    connects: int = 0
    events: int = 0
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class SinkFacts:
    """One sink: `done` grows with whatever came to its end, `tried` with each answer.

    `patience_s`: how long one answer may take.
    """

    name: str
    well: bool = True
    pending: int = 0
    done: int = 0
    tried: int = 0
    imbalance: int = 0
    patience_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """One session: how full its queue is, and whether it leaves events unconfirmed."""

    name: str
    filling: float = 0.0
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything at one moment.

    Attributes:
        late: long after the look before, so that nothing could have happened since.
        buffered: points that wait for the journal.
        commits: how often it took some.
        patience_s: how long one commit may take.
        down: parts that failed, with the reason.
        violations: broken chains by contract.
        domains: events by domain.
        entities: events of the busiest entities, in that order.
    """

    now_s: float
    late: bool = False
    received: int = 0
    rejected: int = 0
    imbalance: int = 0
    buffered: int = 0
    journal_well: bool = True
    commits: int = 0
    patience_s: float = 30.0
    ha: HaFacts = field(default_factory=HaFacts)
    sinks: tuple[SinkFacts, ...] = ()
    clients: tuple[ClientFacts, ...] = ()
    down: Mapping[str, str] = field(default_factory=dict)
    violations: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, int] = field(default_factory=dict)
    entities: tuple[tuple[str, int], ...] = ()
