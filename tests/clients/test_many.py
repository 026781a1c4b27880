"""Many clients and one that does not read: the benchmark of clients, in small."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import no_clients
from benchmarks.clients import bare, hiq, some_messages

CLIENTS = 20
RATE = 200.0

pytestmark = pytest.mark.timeout(120)


def test_each_reads_everything_beside_one_that_reads_nothing(tmp_path: Path) -> None:
    """Every client that reads gets every event once, in order; all is journaled."""
    messages = some_messages(200)
    ours, without, with_them, _ = hiq(messages, RATE, CLIENTS, tmp_path)
    assert len(ours.latencies) == CLIENTS * len(messages)
    assert len(without) == len(with_them) == len(messages)


def test_the_bare_broadcast_delivers_as_much(tmp_path: Path) -> None:
    """What hiq is compared with sends every client every message."""
    messages = some_messages(100)
    theirs = bare(messages, RATE, CLIENTS, tmp_path)
    assert len(theirs.latencies) == CLIENTS * len(messages)


def test_what_clients_cost_a_service_that_has_none() -> None:
    """Three services take the same frames, one of them after a client has gone."""
    found = no_clients.measure("coalesced", loops=1, rounds=1)
    assert {name: len(values) for name, values in found.items()} == {
        no_clients.OFF: 1,
        no_clients.NONE: 1,
        no_clients.GONE: 1,
    }
