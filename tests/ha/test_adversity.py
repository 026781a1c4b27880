"""Ingest behind a network that splits, cuts, resets, stalls and corrupts.

Whatever happens, the outcome is one of the documented ones: hiq connects again, all
states are there at the end, and nothing is our own fault.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from hiq import Pipeline
from hiq.ha.session import Timing
from hiq.ha.states import LEGAL
from hiq.ingest import Ingest
from hiq.settings.schema import HomeAssistantSettings
from hiq.stats import Stats
from tests.proxy import NONE, Proxy, Trouble

TIMING = Timing(
    auth_s=1.0, command_s=1.0, ping_interval_s=0.05, ping_timeout_s=0.3, poll_s=0.05
)
TROUBLES = {
    "one byte at a time": Trouble(split=1),
    "cut in the handshake": Trouble(cut_at=10),
    "cut in the greeting": Trouble(cut_at=150),
    "cut in the states": Trouble(cut_at=20_000),
    "reset in the states": Trouble(cut_at=20_000, reset=True),
    "stalled in the log-in": Trouble(stall_at=320),
    "stalled in the states": Trouble(stall_at=20_000),
    "corrupt handshake": Trouble(corrupt_at=12),
    "corrupt greeting": Trouble(corrupt_at=140),
    "corrupt frame header": Trouble(corrupt_at=130),
    "corrupt states": Trouble(corrupt_at=20_000),
}

CASES = [("down", name) for name in TROUBLES]
CASES += [("up", name) for name in TROUBLES if "states" not in name]  # hiq says little


@pytest.mark.parametrize(("direction", "name"), CASES)
async def test_whatever_the_network_does_all_states_arrive(simulator, direction, name):
    """After the trouble has passed every state was fed, by a legal way."""
    stats, pipeline = Stats(), Pipeline()
    async with Proxy(simulator.port) as proxy, asyncio.timeout(60):
        setattr(proxy, direction, TROUBLES[name])
        settings = HomeAssistantSettings(
            url=proxy.url, token=simulator.token, max_retry_delay=0.1
        )
        ingest = Ingest(
            settings, pipeline, stats, on_data=lambda: None, env={}, timing=TIMING
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(ingest.run())
            while stats.snapshot_states < 60 and not (
                stats.ha.failures or stats.ha.reconnects
            ):
                await asyncio.sleep(0.01)
            proxy.up = proxy.down = NONE
            proxy.resume()
            while True:
                if stats.ha.auth_failed:  # a corrupt token is refused like a wrong one
                    ingest.reload()
                before = stats.snapshot_states
                if before >= 60 and stats.ha.subscribed:
                    break
                await asyncio.sleep(0.01)
            await ingest.stop()
    fed = Counter(line.rsplit(b" ", 1)[1] for line in pipeline.take().splitlines())
    assert sum(fed.values()) >= 60 - stats.skipped
    assert stats.errors["ha_internal"] == 0
    assert all(change.new in LEGAL[change.old] for change in ingest.history)
