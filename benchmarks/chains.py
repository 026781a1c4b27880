"""Chains of events: time and memory of 10,000, 50,000 and 100,000 of them.

    python -m benchmarks.chains [--chains 100000] [--json]

Runs of the contract `agent_run` that overlap, five events each, every hundredth without
its end, and one contract with a single chain of as many events. Printed are seconds of
CPU per event, chains that were told as broken (which must be every hundredth), and how
much the memory of the process grew after the first tenth.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiq.assure.chains import Engine
from hiq.assure.contracts import contract_of
from hiq.assure.contracts_events import read
from hiq.settings.contracts import CONTRACTS
from hiq.settings.document import scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["events", "many", "one_long", "play"]

ORDER = (
    *("agent_started", "agent_thinking", "tool_executing", "tool_completed"),
    "agent_completed",
)
AT_ONCE = 100
BROKEN_EACH = 100
TEMPLATE = (
    b'{"event_type":"%b","data":{"run_id":"r%d","tool_name":"t","agent_name":"a",'
    b'"thought":"as long as thoughts are"},"origin":"LOCAL","time_fired":'
    b'"2026-11-20T%02d:%02d:%02d.%06d+00:00","context":{"id":"c%d","parent_id":null,'
    b'"user_id":null}}'
)
PAGE = resource.getpagesize()


def engine() -> Engine:
    """Return an engine that follows `agent_run`."""
    problems: list[Any] = []
    node = scalar("[agent_run]", "benchmark")
    found = CONTRACTS["chains"].kind.read(node, "chains", problems)
    return Engine([contract_of(found[0])])


def event(event_type: str, run: int, at_s: float) -> bytes:
    """Return one event."""
    whole = int(at_s)
    day_s = whole % 86_400
    return TEMPLATE % (
        event_type.encode(),
        run,
        day_s // 3600,
        day_s // 60 % 60,
        day_s % 60,
        int((at_s - whole) * 1e6),
        run,
    )


def events(chains: int) -> Iterator[tuple[float, bytes]]:
    """Yield time and event of many runs, a hundred of them at once."""
    now_s = 0.0
    for first in range(0, chains, AT_ONCE):
        runs = range(first, min(chains, first + AT_ONCE))
        for event_type in ORDER:
            for run in runs:
                if event_type == ORDER[-1] and run % BROKEN_EACH == 0:
                    continue
                now_s += 0.002
                yield now_s, event(event_type, run, now_s)


def play(target: Engine, chains: int) -> int:
    """Play so many runs; return how many violations there were."""
    count, now_s = 0, 0.0
    for now_s, json_ in events(chains):
        one = read(json_)
        assert one is not None
        count += len(target.take(one, now_s))
    return count + len(target.advance(now_s + 1000.0))


def one_long(target: Engine, length: int) -> int:
    """Play one run of so many events; return how many violations there were."""
    count, now_s = 0, 0.0
    step_s = 290.0 / length  # within what a run may take
    for number in range(length):
        now_s += step_s
        name = ORDER[2 + (number - 1) % 2] if number else ORDER[0]
        one = read(event(name, 0, now_s))
        assert one is not None
        count += len(target.take(one, now_s))
    return count


def resident_mib() -> float:
    """Return the memory of this process that is in RAM."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * PAGE / 1024 / 1024


def many(chains: int) -> dict[str, float]:
    """Measure so many chains."""
    target = engine()
    play(engine(), chains // 10)  # what Python keeps for itself is there now
    gc.collect()
    before_mib, began_s = resident_mib(), time.process_time()
    broken = play(target, chains)
    took_s = time.process_time() - began_s
    count = chains * len(ORDER) - chains // BROKEN_EACH
    assert broken == -(-chains // BROKEN_EACH), broken
    return {
        "chains": chains,
        "seconds": round(took_s, 2),
        "us_per_event": round(took_s / count * 1e6, 2),
        "broken": broken,
        "growth_mib": round(resident_mib() - before_mib, 1),
    }


def main() -> int:
    """Measure, print, and say whether it was linear."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [many(options.chains // part) for part in (10, 2, 1)]
    began_s = time.process_time()
    long_ = options.chains
    assert one_long(engine(), long_) == 0
    each_us = (time.process_time() - began_s) / long_ * 1e6
    ratio = rows[-1]["seconds"] / rows[0]["seconds"]
    if options.json:
        print(json.dumps({"rows": rows, "ratio": ratio, "one_long_us": each_us}))
    else:
        print("| chains | CPU s | us per event | told as broken | growth MiB |")
        print("|---|---|---|---|---|")
        for row in rows:
            print("| " + " | ".join(f"{value:,}" for value in row.values()) + " |")
        print(f"\n10 times as many chains take {ratio:.1f} times as long;")
        print(f"one chain of {long_:,} events takes {each_us:.1f} us per event")
    return int(ratio > 15)


if __name__ == "__main__":
    sys.exit(main())
