"""The registries in the Prometheus text."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from hiq.stats import Stats
from hiq.web.home_metrics import HomeCollector
from hiq.web.metrics import exposition

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def scraped(stats: Stats) -> dict[str, dict[tuple[str, ...], float]]:
    """Return values by name and labels, at Unix time 1000."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    text = exposition(HomeCollector(stats, lambda: 1000.0)).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = (
                sample.value
            )
    return found


def test_what_is_counted_is_shown() -> None:
    """Rows, age, refreshes, changes, failures, renames, and what was published."""
    stats = Stats()
    discovery = stats.discovery
    discovery.sizes.update(entities=40, devices=7, areas=3)
    discovery.read_at, discovery.load_s, discovery.refreshes = 940.0, 0.25, 2
    discovery.changes, discovery.updates, discovery.renames = 5, 41, 1
    discovery.unreadable, discovery.late = 6, 8
    discovery.failures["devices"] = 3
    discovery.published["services", "refused"] = 4
    discovery.publishing = 2
    regular = stats.regular
    regular.rounds, regular.missed, regular.entities, regular.left_out = 9, 1, 40, 3
    found = scraped(stats)
    assert found["hiq_registry_rows"] == {
        ("entities",): 40,
        ("devices",): 7,
        ("areas",): 3,
    }
    assert found["hiq_registry_failures_total"] == {("devices",): 3}
    assert found["hiq_snapshots_total"] == {("written",): 9, ("missed",): 1}
    assert found["hiq_data_api_uploads_total"] == {("services", "refused"): 4}
    single = {name: values[()] for name, values in found.items() if () in values}
    assert single == {
        "hiq_registry_age_seconds": 60,
        "hiq_registry_load_seconds": 0.25,
        "hiq_registry_refreshes_total": 2,
        "hiq_registry_changes_total": 5,
        "hiq_registry_updates_total": 41,
        "hiq_registry_renames_total": 1,
        "hiq_registry_unreadable_total": 6,
        "hiq_registry_late_total": 8,
        "hiq_data_api_pending": 2,
        "hiq_snapshot_entities": 40,
        "hiq_snapshot_left_out_total": 3,
    }
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in found if f"`{name}`" not in page] == []


def test_before_anything_was_read_there_is_no_age() -> None:
    """Not a zero, which would look fresh."""
    found = scraped(Stats())
    assert "hiq_registry_age_seconds" not in found
    assert "hiq_registry_load_seconds" not in found
