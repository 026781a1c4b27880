"""What tests of whole services that repair share."""

from __future__ import annotations

import pytest

from hiq import deliveries
from hiq.repair import edge as edge_module
from hiq.repair import repairer as repairer_module
from tests.repair.counting import Counting


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Make every service of the test write there; find edges soon."""
    sink = Counting()
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    monkeypatch.setattr(repairer_module, "TICK_S", 0.05)
    monkeypatch.setattr(repairer_module, "QUIET_S", 0.5)
    monkeypatch.setattr(edge_module, "POLL_S", 0.05)
    return sink
