"""The flags of `history/history_during_period`, and the shape of its rows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.client import Client, opened
from tests.contract.conftest import Peer

ENTITY = "sensor.contract_history"
CLIMATE = "climate.contract_history"
LOSSLESS = {"include_start_time_state": False, "significant_changes_only": False}


async def period(client: Client, start: datetime, **flags: Any) -> dict[str, Any]:
    """Ask for both entities from `start` on."""
    ids = [ENTITY, CLIMATE, "sensor.never_was"]
    fields = {"start_time": start.isoformat(), "entity_ids": ids, **flags}
    return await client.ask("history/history_during_period", **fields)


async def drive(peer: Peer, client: Client) -> tuple[datetime, list[float]]:
    """Make two state changes with an attribute change between, of both entities.

    Returns a time before them and the times of the changes of ENTITY, once the
    history has them.
    """
    number = await client.command("subscribe_events", event_type="state_changed")
    await client.answer(number)
    start = datetime.now(UTC)
    for entity_id in (ENTITY, CLIMATE):
        await peer.set_state(entity_id, "1", level=1, unit_of_measurement="W")
        await peer.set_state(entity_id, "1", level=2, unit_of_measurement="W")
        await peer.set_state(entity_id, "2", level=2, unit_of_measurement="W")
    times: dict[str, list[float]] = {ENTITY: [], CLIMATE: []}
    while sum(map(len, times.values())) < 6:
        [message] = await client.events(1)
        data = message["event"]["data"]
        if data["entity_id"] in times:
            moment = datetime.fromisoformat(data["new_state"]["last_updated"])
            times[data["entity_id"]].append(moment.timestamp())
    await client.ask("unsubscribe_events", subscription=number)
    async with asyncio.timeout(20):  # until the recorder has committed
        while True:
            rows = await period(client, start, **LOSSLESS)
            if [len(rows.get(name, ())) for name in times] == [3, 3]:
                return start, times[ENTITY]
            await asyncio.sleep(0.05)


@pytest.fixture
async def client(peer: Peer):
    """Give a connection; the entities have no state before and after."""
    async with opened(peer.websocket_url, peer.token) as client:
        yield client
    for entity_id in (ENTITY, CLIMATE):
        await peer.remove_state(entity_id)


async def test_lossless_flags_give_every_change(peer: Peer, client: Client):
    """Every change is a row with the time of its event; lc only where it differs."""
    start, times = await drive(peer, client)
    answer = await period(client, start, **LOSSLESS)
    rows = answer[ENTITY]
    assert set(answer) == {ENTITY, CLIMATE}
    assert [row["s"] for row in rows] == ["1", "1", "2"]
    assert [row["lu"] for row in rows] == pytest.approx(times, abs=1e-6)
    assert [row["a"]["level"] for row in rows] == [1, 2, 2]
    assert ["lc" in row for row in rows] == [False, True, False]
    assert rows[1]["lc"] == pytest.approx(times[0], abs=1e-6)


async def test_significant_only_leaves_out_attribute_changes(
    peer: Peer, client: Client
):
    """By default a change of attributes is no row, but for a climate it is."""
    start, _ = await drive(peer, client)
    answer = await period(client, start, include_start_time_state=False)
    assert [row["s"] for row in answer[ENTITY]] == ["1", "2"]
    assert [row["s"] for row in answer[CLIMATE]] == ["1", "1", "2"]
    assert all("lc" not in row for row in answer[ENTITY])


async def test_a_removal_is_a_row_without_a_state(peer: Peer, client: Client):
    """Where an entity was removed its row has the state null and no attributes."""
    start, _ = await drive(peer, client)
    await peer.remove_state(ENTITY)
    await peer.set_state(ENTITY, "3", level=3)
    rows: list = []
    async with asyncio.timeout(20):
        while len(rows) < 5:
            rows = (await period(client, start, **LOSSLESS))[ENTITY]
            await asyncio.sleep(0.05)
    assert [row["s"] for row in rows] == ["1", "1", "2", None, "3"]
    assert rows[3] == {"s": None, "a": {}, "lu": rows[3]["lu"]}


async def test_the_start_state_is_a_row_that_never_was(peer: Peer, client: Client):
    """With `include_start_time_state` the first row has the time of the start."""
    _, times = await drive(peer, client)
    between = datetime.fromtimestamp((times[1] + times[2]) / 2, UTC)
    flags = {**LOSSLESS, "include_start_time_state": True}
    rows = (await period(client, between, **flags))[ENTITY]
    assert [row["s"] for row in rows] == ["1", "2"]
    assert rows[0]["lu"] == pytest.approx(between.timestamp(), abs=1e-6)
    assert rows[0]["a"]["level"] == 2


async def test_no_attributes_and_minimal_rows(peer: Peer, client: Client):
    """`no_attributes` empties `a`; minimal rows have it once, and no repeats."""
    start, _ = await drive(peer, client)
    bare = await period(client, start, **LOSSLESS, no_attributes=True)
    short = await period(client, start, **LOSSLESS, minimal_response=True)
    both = await period(
        client, start, **LOSSLESS, no_attributes=True, minimal_response=True
    )
    assert [row["a"] for row in bare[ENTITY]] == [{}, {}, {}]
    assert [sorted(row) for row in short[ENTITY]] == [["a", "lu", "s"], ["lu", "s"]]
    assert [sorted(row) for row in short[CLIMATE]] == [
        ["a", "lu", "s"],
        ["a", "lc", "lu", "s"],
        ["a", "lu", "s"],
    ]
    assert [sorted(row) for row in both[ENTITY]] == [["lu", "s"], ["lu", "s"]]


async def test_the_window_is_open_at_both_ends(peer: Peer, client: Client):
    """Neither a change at the start nor one at the end is in the window."""
    _, times = await drive(peer, client)
    if peer.version != "2024.3":
        pytest.skip("its times are finer than the microseconds of a window")
    first, _, last = (datetime.fromtimestamp(t, UTC) for t in times)
    rows = await period(client, first, **LOSSLESS, end_time=last.isoformat())
    assert [row["a"]["level"] for row in rows[ENTITY]] == [2]


async def test_the_future_is_empty(peer: Peer, client: Client):
    """A window that has not begun has no rows, not even a start state."""
    await drive(peer, client)
    assert await period(client, datetime.now(UTC) + timedelta(hours=1)) == {}
