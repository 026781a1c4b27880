"""What counting costs after a million events, and that every one of them is counted.

    python -m benchmarks.rates [--events 1000000] [--entities 5000] [--check]

Recorded messages go round so many entities, through the pipeline and the counters of a
service, 1,000 events a second by a clock of their own; once a second the rates look at
them. At the end sums, types, domains, windows and the busiest entities are compared
with a plain count of the same events.

The figure is the CPU time of the last tenth of the events against that of the first:
an old service gets its last tenth and a young one its first, the same events by turns
of a second, so that both have the same machine. Both know all entities. `--check`
exits with 1 if it is above 1.1.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.playing import played
from benchmarks.shaped import entity_of, of_entities
from hiq import Pipeline
from hiq.counting import Counting
from hiq.ha.feed import Feed
from hiq.observe import Observers
from hiq.rates import WINDOWS_S
from hiq.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOAL: Final = 1.1
RATE: Final = 1_000
VISITS: Final = 4
"""How often each entity comes in the messages that are repeated."""
NOISY: Final = 7
"""Every so manyth event is one of an entity that is noisy for a while."""
NOISY_EVENTS: Final = 20_000
TOP: Final = 10
PARTS: Final = 10


class Result(NamedTuple):
    """What was measured, in nanoseconds of CPU time per event.

    Attributes:
        first: in the first tenth of the events.
        first_looks: of it, what the rates took.
        last: in the last tenth.
        last_looks: of it, what the rates took.
        moments: how many the rates keep at the end.
    """

    first: float
    first_looks: float
    last: float
    last_looks: float
    moments: int


class Service:
    """What counts in a service, with a clock of its own."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        self.now = 0.0
        self.spent_s = 0.0
        self.looks_s = 0.0
        self._messages = messages
        stats = Stats()
        self._pipeline = Pipeline({"high_water": 1 << 24})
        self._feed = Feed(
            self._pipeline, stats, on_full=self._pipeline.take, clock=lambda: self.now
        )
        for message in messages:
            self._feed(message, snapshot=False)
        self._pipeline.take()
        self.counting = Counting(
            stats, self._pipeline, Observers(), timer=lambda: self.now
        )

    def second(self, order: Sequence[int]) -> None:
        """Take the events of a second, then look."""
        began = time.thread_time()
        for number in order:
            self._feed(self._messages[number], snapshot=False)
        self._pipeline.take()
        self.now += 1.0
        looking = time.thread_time()
        self.counting.rates.sample(self.now)
        ended = time.thread_time()
        self.spent_s += ended - began
        self.looks_s += ended - looking


def orders(events: int, messages: int) -> list[list[int]]:
    """Return which messages come in each second: all in turn, some more often."""
    return [
        [
            number // NOISY_EVENTS if number % NOISY == 0 else number % messages
            for number in range(start, start + RATE)
        ]
        for start in range(0, events, RATE)
    ]


def measure(events: int, entities: int) -> Result:
    """Feed all; AssertionError if anything is not counted exactly."""
    messages = of_entities(played("single").messages, entities, VISITS * entities)
    seconds = orders(events, len(messages))
    tenth = len(seconds) // PARTS
    old = Service(messages)
    for order in seconds[:-tenth]:
        old.second(order)
    young = Service(messages)
    old.spent_s = old.looks_s = 0.0
    gc.collect()
    gc.disable()
    turn = (young, old)
    for order in seconds[-tenth:]:
        for service in turn:
            service.second(order)
        turn = turn[::-1]  # who comes second finds the messages in the cache
    gc.enable()
    names = [entity_of(message).decode() for message in messages]
    check(old, names, [[names[number] for number in order] for order in seconds])
    per_event = 1e9 / (tenth * RATE)
    return Result(
        young.spent_s * per_event,
        young.looks_s * per_event,
        old.spent_s * per_event,
        old.looks_s * per_event,
        len(old.counting.rates),
    )


def check(
    service: Service, known: Iterable[str], seconds: Sequence[Sequence[str]]
) -> None:
    """Compare everything that is shown with a plain count of the same events."""
    counting, rates = service.counting, service.counting.rates
    total = Counter(chain(known, *seconds))
    same("types", counting.by_type(), {"state_changed": total.total()})
    same("domains", rates.domains(), by_domain(total))
    same("busiest", counting.top(TOP), busiest(total, dict(counting.top(TOP))))
    for name in WINDOWS_S:
        gain = rates.gain(name, service.now, TOP)
        came = Counter(chain(*seconds[-round(gain.seconds) :]))
        same(f"{name}: events", gain.events, came.total())
        same(f"{name}: domains", gain.by_domain, by_domain(came))
        came = Counter(chain(*seconds[-round(gain.top_seconds) :]))
        same(f"{name}: busiest", list(gain.top), busiest(came, dict(gain.top)))


def busiest(found: Counter[str], shown: Iterable[str]) -> list[tuple[str, int]]:
    """Return the entities with most events; of equals those that are shown."""
    best = sorted(found, key=lambda name: (-found[name], name not in shown, name))[:TOP]
    place = {name: number for number, name in enumerate(shown)}
    best.sort(key=lambda name: (-found[name], place.get(name, TOP)))
    return [(name, found[name]) for name in best]


def by_domain(found: Counter[str]) -> dict[str, int]:
    """Return the sums of domains."""
    sums: Counter[str] = Counter()
    for name, events in found.items():
        sums[name.partition(".")[0]] += events
    return dict(sums)


def same(what: str, found: object, expected: object) -> None:
    """Demand that two are equal."""
    if found != expected:
        raise AssertionError(f"{what}: {found} instead of {expected}")


def main() -> int:
    """Print one table; status 1 if `--check` is given and the end costs too much."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--entities", type=int, default=5_000)
    parser.add_argument("--check", action="store_true", help="fail above the goal")
    given = parser.parse_args()
    found = measure(given.events, given.entities)
    print(
        f"{given.events:,} events of {given.entities:,} entities: "
        "sums, types, domains, windows and busiest entities are exact\n\n"
        "| part | ns/event | of it, the rates |\n|---|---|---|\n"
        f"| first tenth | {found.first:,.0f} | {found.first_looks:,.0f} |\n"
        f"| last tenth | {found.last:,.0f} | {found.last_looks:,.0f} |\n\n"
        f"last / first {found.last / found.first:.3f} (goal: at most {GOAL}); "
        f"{found.moments} moments are kept"
    )
    return int(given.check and found.last > GOAL * found.first)


if __name__ == "__main__":
    sys.exit(main())
