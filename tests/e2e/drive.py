"""A drive through a real Home Assistant: changes in many domains, by its services.

Also the truth about it: every row of its recorder, read by its history API.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.e2e.oracle import Key, eligible_points
from tests.e2e.process import until
from tests.servers.home_assistant import HomeAssistant
from tests.servers.home_assistant.custom_components.firehose.material import DOMAINS

__all__ = ["calls", "drive", "recorded", "settled"]

MIXED_ENTITIES = 200


def calls(count: int, seed: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give service calls in a dozen domains; each changes a state."""
    random = Random(seed)
    for i in range(count):
        n = i // 10
        yield (
            (
                "input_number",
                "set_value",
                {
                    "entity_id": f"input_number.inpx_{n % 60}",
                    "value": round(random.uniform(-900, 90000), 2),
                },
            ),
            ("input_boolean", "toggle", {"entity_id": f"input_boolean.inpx_{n % 60}"}),
            ("counter", "increment", {"entity_id": f"counter.coux_{n % 30}"}),
            (
                "input_text",
                "set_value",
                {
                    "entity_id": f"input_text.inpx_{n % 30}",
                    "value": f'text {i} čau, "quoted" \\ back',
                },
            ),
            (
                "input_select",
                "select_next",
                {"entity_id": f"input_select.inpx_{n % 15}"},
            ),
            ("input_button", "press", {"entity_id": f"input_button.inpx_{n % 4}"}),
            (
                "light",
                "turn_on",
                {
                    "entity_id": "light.bed_light",
                    "brightness": random.randrange(1, 255),
                },
            ),
            ("switch", "toggle", {"entity_id": "switch.ac"}),
            (
                "climate",
                "set_temperature",
                {
                    "entity_id": "climate.heatpump",
                    "temperature": random.randrange(10, 30),
                },
            ),
            (
                "input_datetime",
                "set_datetime",
                {
                    "entity_id": f"input_datetime.inpx_{n % 6}",
                    "timestamp": 1_700_000_000 + i * 60,
                },
            ),
        )[i % 10]


def drive(
    home: HomeAssistant, count: int = 1500, mixed: int = 1500, seed: int = 1
) -> None:
    """Make at least `count` changes by services, and `mixed` in 24 domains.

    `mixed` holds creations, removals, unknown and unavailable states.
    """
    refused = home.call_services(calls(count, seed))
    assert refused == []
    home.call_service(
        "firehose",
        "mixed",
        {"count": mixed, "entities": MIXED_ENTITIES, "pause": 0.005},
    )


def recorded(
    home: HomeAssistant,
    since: datetime,
    also: Iterable[str] = (),
    options: dict[str, Any] | None = None,
) -> dict[Key, dict[str, Any]]:
    """Return the point of every eligible row of the recorder since then.

    `also` names entities that may be gone by now; those of `mixed` always count.
    """
    names = {state["entity_id"] for state in home.states()} | set(also)
    names |= {f"{DOMAINS[i % len(DOMAINS)]}.mx_{i}" for i in range(MIXED_ENTITIES)}
    rows = home.history(since, datetime.now(UTC) + timedelta(hours=1), sorted(names))
    return eligible_points(rows, options)


QUIET_S = 2.5
"""The recorder of the test home commits once a second."""


def settled(home: HomeAssistant, since: datetime) -> dict[Key, dict[str, Any]]:
    """Wait until the recorder has committed everything; return its points."""
    count, since_s = -1, 0.0

    def unchanged() -> dict[Key, dict[str, Any]] | None:
        nonlocal count, since_s
        asked_s = time.monotonic()
        points = recorded(home, since)
        if len(points) != count:
            count, since_s = len(points), time.monotonic()
        elif asked_s - since_s > QUIET_S:
            return points
        time.sleep(0.5)
        return None

    return dict(until("the recorder is quiet", unchanged, 120))
