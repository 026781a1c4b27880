"""Events and engines for the tests of contracts: the clock is what the test says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hiq.assure.chains import Engine
from hiq.assure.chains_answers import Excuse
from hiq.assure.contracts import Contract, Violation, contract_of
from hiq.assure.contracts_events import Occurrence, read
from hiq.settings.contracts import CONTRACTS
from hiq.settings.document import scalar

__all__ = ["Run", "contract", "declared", "event", "never_excused"]

BEGIN_S = 1_700_000_000.0


def declared(text: str) -> tuple[dict[str, Any], ...]:
    """Return the declarations that a text means; it must be good."""
    problems: list[Any] = []
    found = CONTRACTS["chains"].kind.read(scalar(text, "test"), "chains", problems)
    assert problems == []
    return tuple(found)


def contract(text: str) -> Contract:
    """Return the one contract that a text declares or names."""
    return contract_of(declared(f"[{text}]")[0])


def event(
    event_type: str, at_s: float, context: dict[str, Any] | None = None, **data: Any
) -> bytes:
    """Return an event as Home Assistant sends it, so many seconds after the begin."""
    fired = datetime.fromtimestamp(BEGIN_S + at_s, UTC).isoformat()
    return json.dumps(
        {
            "event_type": event_type,
            "data": data,
            "origin": "LOCAL",
            "time_fired": fired,
            "context": context or {"id": "c", "parent_id": None, "user_id": None},
        }
    ).encode()


def never_excused(_label: str, _key: str, _asked_s: float) -> str | None:
    """Excuse nobody."""
    return ""


class Run:
    """One engine and the time; events go in, violations are kept.

    `found`: seconds and violation of each.
    """

    def __init__(
        self, *contracts: Contract, excuse: Excuse = never_excused, **limits: int
    ) -> None:
        self.engine = Engine(contracts, excuse=excuse, **limits)
        self.found: list[tuple[float, Violation]] = []

    def __call__(self, event_type: str, at_s: float, **data: Any) -> None:
        """Take an event of the run `r`, unless the data say otherwise."""
        self.take(event(event_type, at_s, **{"run_id": "r", **data}), at_s)

    def take(self, json_: bytes, at_s: float) -> None:
        """Take an event as bytes; the time passes to its moment before it comes."""
        self.wait(at_s)
        one = read(json_)
        assert isinstance(one, Occurrence)
        self.found += [(at_s, it) for it in self.engine.take(one, at_s)]

    def wait(self, until_s: float) -> None:
        """Let the time pass, stopping where the engine wants to look."""
        while (due_s := self.engine.next_due_s) is not None and due_s <= until_s:
            self.found += [(due_s, it) for it in self.engine.advance(due_s)]

    @property
    def codes(self) -> list[str]:
        """The codes that were found, in order."""
        return [str(violation.code) for _, violation in self.found]
