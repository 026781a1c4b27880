"""VictoriaMetrics says 204 before the points are safe: what its death costs is found."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.home import Home
from tests.e2e.process import HiqServe, until
from tests.servers.databases import VictoriaMetrics

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = 'sinks: [{{name: vm, type: victoriametrics, url: "{url}", linger: 0s}}]\n'
UNCOMMITTED_S = 11.0
"""What is younger is left out by `hiq verify`."""


def verify(hiq: HiqServe, start: int, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `hiq verify` from a time on; returns its status and what it found."""
    command = [sys.executable, "-m", "hiq", "verify", "--json", "--config"]
    done = subprocess.run(
        [*command, str(hiq.config), "--start", str(start), *arguments],
        env=hiq.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    (found,) = json.loads(done.stdout)["sinks"].values()
    return done.returncode, dict(found)


def test_what_a_killed_victoriametrics_forgot_is_found_and_repaired(
    victoriametrics: VictoriaMetrics, tmp_path: Path
) -> None:
    """Everything was confirmed; after kill -9 some is missing, after a repair none."""
    start = int(time.time()) - 1
    with Home(tmp_path, entities=60, seed=9) as home:
        config = CONFIG.format(url=victoriametrics.url)
        hiq = HiqServe(tmp_path / "hiq", config, **home.login)
        hiq.start()
        try:
            home.pace(300)
            until("some is delivered", lambda: sink(hiq)["written"] > 600)
            home.pace(0)
            until("all is confirmed", lambda: not busy(hiq))
            victoriametrics.kill()
            time.sleep(UNCOMMITTED_S)
            victoriametrics.start()
            assert sink(hiq)["pending"] == 0  # hiq cannot know
            status, found = verify(hiq, start)
            assert status == 1
            assert found["missing"] > 0
            verify(hiq, start, "--repair")
            status, found = verify(hiq, start)
            assert (status, found["missing"], found["different"]) == (0, 0, 0)
        finally:
            hiq.kill()


def sink(hiq: HiqServe) -> dict[str, Any]:
    """Return the numbers of the only sink."""
    (numbers,) = hiq.status()["sinks"].values()
    return dict(numbers)


def busy(hiq: HiqServe) -> bool:
    """Whether something is not confirmed yet."""
    return bool(hiq.status()["buffered"] or sink(hiq)["pending"])
