"""A campaign: faults one after the other, a verdict after every few of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.campaign.faults import FAULTS, Unavailable
from tests.campaign.ground import Ground
from tests.campaign.home import Key

__all__ = ["Result", "campaign", "table"]


@dataclass
class Result:
    """What a campaign has come to; the sets are those of the last verdict."""

    faults: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    deaths: int = 0
    fired: int = 0
    accepted: int = 0
    lost: set[Key] = field(default_factory=set)
    missing: set[Key] = field(default_factory=set)
    extra: set[Key] = field(default_factory=set)

    @property
    def good(self) -> bool:
        """Whether everything is stored once, and nothing else."""
        return not (self.lost or self.missing or self.extra)


def campaign(
    folder: Path,
    *,
    seed: int,
    faults: int,
    seconds: float = 600.0,
    rate: float = 40.0,
    commit: str = "250ms",
    each: int = 10,
    only: Sequence[str] | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> Result:
    """Make so many faults, or as many as fit into the time; return the result."""
    random = Random(seed)
    names = list(only or FAULTS)
    result = Result()
    end = time.monotonic() + seconds
    with Ground(folder, seed, rate=rate, commit=commit) as ground:
        while result.faults.total() < faults and time.monotonic() < end:
            name = random.choice([n for n in names if n not in result.skipped])
            try:
                words = FAULTS[name](ground, random)
            except Unavailable as exc:
                result.skipped[name] = str(exc)
                continue
            result.faults[name] += 1
            say(f"{result.faults.total():>5} {name}: {words}")
            if result.faults.total() % each == 0:
                _judge(ground, result, say)
        _judge(ground, result, say)
    return result


def _judge(ground: Ground, result: Result, say: Callable[[str], object]) -> None:
    """Take a verdict into the result."""
    verdict = ground.settle()
    result.rounds += 1
    result.deaths = ground.deaths
    result.fired = verdict.fired
    result.accepted = verdict.accepted
    result.lost = verdict.lost
    result.missing = verdict.missing
    result.extra = verdict.extra
    say(
        f"      fired {verdict.fired}, accepted and looked up {verdict.accepted}: "
        f"lost {len(verdict.lost)}, missing {len(verdict.missing)}, "
        f"extra {len(verdict.extra)}"
    )


def table(result: Result, seed: int, took_s: float) -> str:
    """Return the result in Markdown."""
    rows = [f"| {name} | {count} |" for name, count in sorted(result.faults.items())]
    rows += [f"| {name} | skipped: {why} |" for name, why in result.skipped.items()]
    return "\n".join(
        [
            "| fault | times |",
            "|---|---|",
            *rows,
            f"| **all** | {result.faults.total()} |",
            "",
            "| states fired | accepted before a death | lost | missing | extra |",
            "|---|---|---|---|---|",
            (
                f"| {result.fired} | {result.accepted} | {len(result.lost)} | "
                f"{len(result.missing)} | {len(result.extra)} |"
            ),
            "",
            (
                f"seed {seed}, {took_s:.0f} s, {result.rounds} verdicts, "
                f"{result.deaths} deaths of hiq"
            ),
        ]
    )
