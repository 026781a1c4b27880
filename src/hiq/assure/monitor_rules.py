"""What is wrong in a set of facts: one rule for each way to fail silently.

A rule takes the facts of a moment and returns what it finds wrong now; what it has to
remember of former looks is in it, and bounded. None of them does anything about it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hiq.assure.monitor_claims import Audit, Claim
from hiq.assure.monitor_kinds import finding
from hiq.assure.monitor_rates import Rates
from hiq.assure.monitor_rhythm import Rhythm, Rhythms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hiq.assure.monitor_facts import Facts
    from hiq.assure.monitor_kinds import Finding

__all__ = [
    "Broken",
    "Gained",
    "HomeSilence",
    "Progress",
    "RateRule",
    "Silences",
    "clients",
    "conservation",
    "tasks",
]

UNLEARNED = 10.0
"""Times the shortest silence, as long as no rhythm is known."""
NEARLY_FULL, FULL = 0.8, 0.9
MOST_SILENT = 50
"""Entities that are told one by one; beyond that, one alert stands for the rest."""


def conservation(facts: Facts) -> Iterator[Finding]:
    """Find counters that do not add up."""
    wrong = {"events": facts.imbalance}
    wrong |= {f"sink {sink.name}": sink.imbalance for sink in facts.sinks}
    text = ", ".join(f"{name} {gap:+d}" for name, gap in wrong.items() if gap)
    if text:
        yield finding("conservation", "", f"The counters do not add up: {text}")


def tasks(facts: Facts) -> Iterator[Finding]:
    """Find parts that have died and wait for their restart."""
    for name, reason in facts.down.items():
        yield finding("task_down", name, f"The part {name} failed: {reason}")


def clients(facts: Facts) -> Iterator[Finding]:
    """Find clients that do not confirm, or are behind."""
    for client in facts.clients:
        name, share = client.name, client.filling
        if client.unconfirmed:
            text = f"The client {name} does not confirm what it was sent"
            yield finding("client_not_acking", name, text)
        if share >= NEARLY_FULL:
            text = f"The queue of the client {name} is {share:.0%} full"
            bad = share >= FULL
            yield finding("outbox_full", name, text, "critical" if bad else "warning")


class HomeSilence:
    """Home Assistant that is connected and says nothing.

    Too long is `least_s`, 20 mean intervals or three times the longest silence that
    was seen, whichever is longest; while no rhythm is known, ten times `least_s`.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._rhythm: Rhythm | None = None
        self._connects = -1

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find whether it is silent."""
        home, now_s = facts.ha, facts.now_s
        rhythm = self._rhythm
        if rhythm is None:
            rhythm = self._rhythm = Rhythm(home.events, now_s, now_s)
        new = home.connects != self._connects
        if new or facts.late or not home.subscribed:
            self._connects = home.connects
            rhythm.see(home.events, now_s)
            rhythm.pause(now_s)
            return
        rhythm.see(home.events, now_s)
        limit_s = rhythm.limit_s(self._least_s, 0.0)
        if limit_s is None:
            limit_s = UNLEARNED * self._least_s
        quiet_s = now_s - rhythm.last_s
        if quiet_s > limit_s:
            text = f"Home Assistant has sent no event for more than {limit_s:.0f} s"
            yield finding("ha_silent", "", f"{text}, and it answers pings")


class Silences:
    """Entities that have stopped reporting, against the rhythm of each.

    - `expected`: entity -> seconds that it may be silent, whatever its rhythm is.
    - `gone`: whether an entity is no longer there; then its silence is none.
    - While Home Assistant is away, no time passes for them.
    """

    def __init__(
        self,
        *,
        most: int,
        least_s: float,
        learn_s: float,
        expected: Mapping[str, float] | None = None,
    ) -> None:
        self.gone: Callable[[str], bool] = lambda _name: False
        self.rhythms = Rhythms(most=most, least_s=least_s, learn_s=learn_s)
        self._expected = expected or {}
        self._asked: dict[str, Rhythm] = {}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find those that are silent."""
        now_s = facts.now_s
        counts = facts.entities
        self.rhythms.see(counts, now_s)
        self._see_expected(dict(counts) if self._expected else {}, now_s)
        if facts.late or not facts.ha.subscribed:
            self.rhythms.pause(now_s)
            for rhythm in self._asked.values():
                rhythm.pause(now_s)
            return
        silent = [
            (name, quiet_s, f"usually every {mean_s:.0f} s")
            for name, quiet_s, mean_s in self.rhythms.silent(now_s)
            if name not in self._expected and not self._is_gone(name)
        ]
        for name, limit_s in self._expected.items():
            quiet_s = now_s - self._asked[name].last_s
            if quiet_s > limit_s:
                silent.append((name, quiet_s, f"at most {limit_s:.0f} s"))
        for name, quiet, usual in silent[:MOST_SILENT]:
            text = f"{name} has been silent for {_rounded(quiet)} ({usual})"
            yield finding("entity_silent", name, text)
        rest = len(silent) - MOST_SILENT
        if rest > 0:
            text = f"{rest} more entities are silent"
            yield finding("entity_silent", "others", text)

    def _see_expected(self, counts: Mapping[str, int], now_s: float) -> None:
        for name in self._expected:
            count = counts.get(name, 0)
            rhythm = self._asked.get(name)
            if rhythm is None:
                self._asked[name] = Rhythm(count, now_s, now_s)
            else:
                rhythm.see(count, now_s)

    def _is_gone(self, name: str) -> bool:
        if not self.gone(name):
            return False
        self.rhythms.forget(name)
        return True


def _rounded(seconds: float) -> str:
    """Return a duration that does not change at every look."""
    minutes = int(seconds) // 60
    if not minutes:
        return "seconds"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


class Progress:
    """Parts that say they are well and do not move."""

    def __init__(self) -> None:
        self.audit = Audit()

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find those that are stuck."""
        if facts.late:
            self.audit.rest(facts.now_s)
        for claim in self.audit.judge(_claims(facts), facts.now_s):
            text = (
                f"{claim.name} says that it is well, {claim.work} wait for it, and "
                f"nothing was done for {claim.patience_s:.0f} s"
            )
            yield finding("stuck", claim.name, text)


def _claims(facts: Facts) -> Iterator[Claim]:
    """Yield what each part says of itself."""
    home = facts.ha
    yield Claim("home_assistant", home.subscribed, 0, home.events)
    yield Claim(
        "journal",
        facts.journal_well,
        facts.buffered,
        facts.commits,
        facts.patience_s,
    )
    for sink in facts.sinks:
        yield Claim(
            f"sink {sink.name}",
            sink.well,
            sink.pending,
            sink.done + sink.tried,
            sink.patience_s,
        )


class RateRule:
    """Rates that are not as usual: of all events, by domain, and by entity.

    Of single entities only far too many events are told.
    """

    def __init__(self, most: int) -> None:
        self._totals = Rates()
        self._entities = Rates(most=most)
        self._connects = -1

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find them."""
        new = facts.ha.connects != self._connects
        if new or facts.late or not facts.ha.subscribed:
            self._connects = facts.ha.connects
            self._totals.pause()
            self._entities.pause()
        counts = {"state_changed": facts.ha.events}
        counts |= {f"state_changed {name}": n for name, n in facts.domains.items()}
        self._totals.see(counts, facts.now_s)
        self._entities.see(dict(facts.entities), facts.now_s)
        found = self._totals.anomalies()
        found += [one for one in self._entities.anomalies() if one.direction == "high"]
        for one in found[:MOST_SILENT]:
            text = (
                f"{one.name}: {one.direction} rate, usually {one.mean:.0f} events "
                "per minute"
            )
            yield finding(f"rate_{one.direction}", one.name, text)


class Broken:
    """Contracts with a violation in the last minutes."""

    def __init__(self, window_s: float = 300.0) -> None:
        self._window_s = window_s
        self._seen: dict[str, tuple[int, float]] = {}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find them; one that is declared anew begins anew."""
        before, self._seen = self._seen, {}
        for name, count in facts.violations.items():
            known = before.get(name, (0, facts.now_s))
            at_s = facts.now_s if count > known[0] else known[1]
            self._seen[name] = count, at_s
            if count and facts.now_s - at_s < self._window_s:
                text = f"The contract {name} was broken within the last minutes"
                yield finding("contract_broken", name, text)


class Gained:
    """Too many rejected events, or reconnects, in the last minutes."""

    def __init__(
        self,
        *,
        window_s: float = 300.0,
        rejected_share: float = 0.01,
        reconnects: int = 5,
    ) -> None:
        self._window_s = window_s
        self._rejected_share = rejected_share
        self._reconnects = reconnects
        self._seen: deque[tuple[float, int, int, int]] = deque(maxlen=1000)

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find whether there are."""
        seen, now_s = self._seen, facts.now_s
        home = facts.ha
        seen.append((now_s, facts.received, facts.rejected, home.reconnects))
        while len(seen) > 1 and seen[1][0] <= now_s - self._window_s:
            seen.popleft()
        _, received, rejected, reconnects = seen[0]
        received = facts.received - received
        rejected = facts.rejected - rejected
        if rejected > received * self._rejected_share:
            text = f"More than {self._rejected_share:.0%} of the events are rejected"
            yield finding("rejections", "", text)
        if home.reconnects - reconnects > self._reconnects:
            text = f"More than {self._reconnects} reconnects within minutes"
            yield finding("reconnects", "", text)
