"""Each expression of the dashboard of hiq and of the alerts in a real Prometheus."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import yaml

from hiq.simulate.server import Simulator
from tests.grafana.boards import FOLDER, filled, queries
from tests.servers.databases import Prometheus
from tests.serving import running, settings_for

QUIET = {
    "Round trip to Home Assistant": "the first ping comes after half a minute",
    "Connections that ended": "none did",
    "HTTP requests": "nobody asked but Prometheus, which is not counted",
}
"""Panels that may be empty in the first seconds of a run that goes well."""
DEADLINE_S = 30.0
PREFIXES = ("hiq", "htt")
"""Of the names; what else is there, Prometheus says of itself."""


def expressions() -> dict[str, str]:
    """Title -> expression of the dashboard."""
    return {t: filled(q, {"__rate_interval": "5s"}) for t, q in queries("hiq.json")}


def rules() -> dict[str, str]:
    """Name -> expression of the alerts."""
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    return {r["alert"]: r["expr"] for r in yaml.safe_load(text)["groups"][0]["rules"]}


def undocumented(known: list[str]) -> list[str]:
    """Metrics of hiq that the reference does not name."""
    page = (FOLDER.parent / "docs" / "reference" / "metrics.md").read_text("utf-8")
    own = {re.sub("_(bucket|sum|count)$", "", n) for n in known if n[:3] in PREFIXES}
    return sorted(name for name in own if f"`{name}`" not in page)


async def scraped(prometheus: Prometheus, times: int) -> None:
    """Wait until hiq was scraped so often."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            ask = f"count_over_time(hiq_ha_subscribed[1m]) >= {times}"
            if await asyncio.to_thread(prometheus.query, ask):
                return
            await asyncio.sleep(0.2)


@pytest.mark.real
async def test_each_expression_answers(tmp_path: Path, simulator: Simulator) -> None:
    """Panels show figures of hiq; each alert is understood, and none fires for nothing."""
    simulator.rate = 50.0
    (tmp_path / "hiq").mkdir()
    async with running(settings_for(simulator, tmp_path / "hiq")) as it:
        target = it.service.url.removeprefix("http://")
        prometheus = Prometheus(tmp_path / "prometheus", target, FOLDER / "alerts.yml")
        await asyncio.to_thread(prometheus.start)
        try:
            await scraped(prometheus, 4)
            found = {
                title: await asyncio.to_thread(prometheus.query, expression)
                for title, expression in {**expressions(), **rules()}.items()
            }
            known = await asyncio.to_thread(prometheus.names)
        finally:
            await asyncio.to_thread(prometheus.stop)
    empty = {title for title in expressions() if not found[title]} - QUIET.keys()
    assert empty == set()
    firing = {name: found[name] for name in rules() if found[name]}
    assert firing == {}
    assert len(known) > 60
    assert undocumented(known) == []


def test_alerts_are_explained() -> None:
    """Each says what is wrong and what to do, and every metric of it is documented."""
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    page = (FOLDER.parent / "docs" / "howto" / "alerts.md").read_text(encoding="utf-8")
    for rule in yaml.safe_load(text)["groups"][0]["rules"]:
        assert rule["annotations"].keys() == {"summary", "description"}
        assert f"## {rule['alert']}\n" in page, rule["alert"]
