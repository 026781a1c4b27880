"""Three schemas at once: each sink has the points of its own, and all sums are right."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.campaign.home import Home
from tests.e2e.process import HiqServe, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

CONFIG = """
sinks:
- {name: ours, type: sqlite, linger: 0s}
- {name: homes, type: sqlite, schema: homeiq, linger: 0s}
- {name: neat, type: sqlite, schema: tidy, linger: 0s}
"""


def states(path: Path) -> set[tuple[str, int]]:
    """Return entity and time of every point of an embedded store, but for removals."""
    found, removed = set(), set()
    text = "SELECT entity_id, domain, time_ns, field FROM points"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        for entity, domain, time_ns, field in connection.execute(text):
            key = (entity if "." in entity else f"{domain}.{entity}", time_ns)
            (removed if field == "removed" else found).add(key)
    return found - removed


def test_each_sink_gets_the_points_of_its_schema(tmp_path: Path) -> None:
    """Unknown states make no point of `ha`, but of the others; after kill -9 as well."""
    with Home(tmp_path, entities=60, seed=4) as home:
        hiq = HiqServe(tmp_path / "hiq", CONFIG, **home.login)
        hiq.start()
        try:
            home.pace(200)
            until("some is delivered", lambda: delivered(hiq) > 300)
            hiq.kill()
            hiq.start()
            until(
                "the hole is filled", lambda: not hiq.status()["backfill"]["holes"], 60
            )
            until("more is delivered", lambda: delivered(hiq) > 300)
            home.pace(0)
            until("all is delivered", lambda: settled(hiq), 60)
            health = hiq.get("/health")[1]
            assert health["status"] == "healthy", health["reasons"]
            truth = home.truth()
            fired = {
                (one.entity_id, one.updated_us * 1000)
                for one in home.do(lambda: list(home.simulator.fired))
            }
        finally:
            hiq.kill()
    assert states(hiq.data / "ours.db") == truth
    assert fired > truth
    for name in ("homes", "neat"):
        found = states(hiq.data / f"{name}.db")
        assert truth <= found <= fired
        assert found - truth
        assert (
            split_series(hiq.data / f"{name}.db") == []
        )  # restored ones are not apart


def split_series(path: Path) -> list[str]:
    """Return the entities whose points lie in several series."""
    text = (
        "SELECT entity_id FROM points GROUP BY entity_id, measurement"
        " HAVING count(DISTINCT tags) > 1"
    )
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return [name for (name,) in connection.execute(text)]


def delivered(hiq: HiqServe) -> int:
    """Return how many points the last sink has got in this run."""
    return int(hiq.status()["sinks"]["neat"]["written"])


def settled(hiq: HiqServe) -> bool:
    """Whether nothing is under way."""
    status = hiq.status()
    pending = any(sink["pending"] for sink in status["sinks"].values())
    return not (status["buffered"] or status["backfill"]["holes"] or pending)
