"""A campaign: faults one after the other, a verdict after every few of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.campaign.faults import FAULTS
from tests.campaign.ground import Ground, NotNow, Unavailable, Verdict
from tests.campaign.home import Key

__all__ = ["Result", "campaign"]

LATER = {"recorder emptied while hiq is dead"}
"""Afterwards no database may be emptied any more: nothing could fill it again."""


@dataclass
class Result:
    """What a campaign has come to.

    Attributes:
        seed: of all its choices.
        faults: how often each was made.
        skipped: what could not be made here, and why.
        rounds: verdicts.
        deaths: of hiq.
        fired, accepted, listed: of the last verdict, see `Verdict`.
        harmed: of all verdicts together.
        silent, lost, missing, extra: of all verdicts together.
        took_s: how long it took.
    """

    seed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    deaths: int = 0
    fired: int = 0
    accepted: int = 0
    listed: int = 0
    harmed: int = 0
    silent: set[Key] = field(default_factory=set)
    lost: set[Key] = field(default_factory=set)
    missing: set[Key] = field(default_factory=set)
    extra: set[Key] = field(default_factory=set)
    took_s: float = 0.0

    @property
    def good(self) -> bool:
        """Whether everything is stored or listed, once, and nothing else."""
        return not (self.lost or self.missing or self.extra or self.silent)

    def take(self, verdict: Verdict, deaths: int) -> None:
        """Add a verdict."""
        self.rounds += 1
        self.deaths = deaths
        self.fired = verdict.fired
        self.accepted = verdict.accepted
        self.listed = verdict.listed
        self.harmed += verdict.harmed
        self.silent |= verdict.silent
        self.lost |= verdict.lost
        self.missing |= verdict.missing
        self.extra |= verdict.extra

    def document(self) -> dict[str, Any]:
        """Return what is kept of it."""
        counts = {
            name: len(getattr(self, name))
            for name in ("silent", "lost", "missing", "extra")
        }
        names = ("seed", "rounds", "deaths", "fired", "accepted", "listed", "harmed")
        return {
            **{name: getattr(self, name) for name in names},
            **counts,
            "faults": dict(self.faults),
            "skipped": self.skipped,
            "took_s": round(self.took_s),
        }


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
    result = Result(seed)
    began = time.monotonic()
    with Ground(folder, seed, rate=rate, commit=commit) as ground:
        while result.faults.total() < faults and time.monotonic() < began + seconds:
            name = random.choice([n for n in names if n not in result.skipped])
            if name in LATER and result.faults.total() < faults // 2:
                continue
            if name in LATER and (ground.harmed or ground.emptied):
                _judge(ground, result, say)  # and repair
            try:
                words = FAULTS[name](ground, random)
            except Unavailable as exc:
                result.skipped[name] = str(exc)
                continue
            except NotNow:
                continue
            result.faults[name] += 1
            say(f"{result.faults.total():>5} {name}: {words}")
            if result.faults.total() % each == 0:
                _judge(ground, result, say)
        if result.faults.total() % each:
            _judge(ground, result, say)
    result.took_s = time.monotonic() - began
    return result


def _judge(ground: Ground, result: Result, say: Callable[[str], object]) -> None:
    """Take a verdict into the result."""
    verdict = ground.settle()
    result.take(verdict, ground.deaths)
    say(
        f"      fired {verdict.fired}, accepted and looked up {verdict.accepted}, "
        f"gone and listed {verdict.listed}, repaired {verdict.harmed}: "
        f"silent {len(verdict.silent)}, lost {len(verdict.lost)}, "
        f"missing {len(verdict.missing)}, extra {len(verdict.extra)}"
    )
