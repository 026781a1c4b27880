"""The truth of the tests is read as Home Assistant itself reads its clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.e2e.oracle import eligible_points, iso


@pytest.mark.parametrize(
    "seconds", [1795196325.9350345, 1795196325.7529815, 1700000000.0, 0.0000005]
)
def test_a_row_has_the_microsecond_that_the_event_had(seconds: float):
    """Home Assistant >= 2024.4 keeps the float of its clock, and rounds it for events.

    `datetime.fromtimestamp` rounds the exact fraction; one row in eight would be a
    microsecond off with a rounded product.
    """
    rows = {"sensor.a": [{"s": "1", "a": {}, "lu": seconds}]}
    ((_, nanoseconds),) = eligible_points(rows)
    event = datetime.fromtimestamp(seconds, UTC).isoformat()
    assert iso(nanoseconds // 1000) == event
