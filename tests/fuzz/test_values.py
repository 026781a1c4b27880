"""The judge of single values: what Python says, and that a wrong value is found."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest

from tests.fuzz import values
from tests.fuzz.judge import Difference
from tests.fuzz.values import Maker, check_stamp, check_values, expected, run
from tests.reference import ReferencePipeline


def test_some_thousand_values() -> None:
    """Numbers, texts, times and nested values come out as Python has them."""
    count = run(5, time.monotonic() + 60, 4_000)
    assert set(count) == {"number", "numeric text", "text", "nested", "time"}
    assert count.total() >= 4_000


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (1, ["k=1.0"]),
        ("99%", ["k=99.0", 'k_str="99%"']),
        ("nan", []),
        ("a\nb", ['k_str="a b"']),
        ([1, '"'], ['k_str="[1, \'\\"\']"']),
    ],
)
def test_expected_fields(value: Any, fields: list[str]) -> None:
    """What is expected of a value is worked out from Python's functions."""
    assert expected("k", value) == fields


def test_a_wrong_value_is_found() -> None:
    """One digit is enough, in a field or in a time."""

    class Wrong(ReferencePipeline):
        def take(self, schema: Any = None) -> bytes:
            return super().take(schema).replace(b"k01=2.0", b"k01=3.0")

    with pytest.raises(Difference, match="values"):
        check_values(Wrong(), ["1", "2"])  # type: ignore[arg-type]
    check_values(ReferencePipeline(), ["1", "2"])  # type: ignore[arg-type]

    class Late(ReferencePipeline):
        def take(self, schema: Any = None) -> bytes:
            return super().take(schema).replace(b"000\n", b"001\n")

    with pytest.raises(Difference, match="time"):
        check_stamp(Late(), values.STAMP)  # type: ignore[arg-type]
    for stamp in ("2023-02-29T00:00:00Z", "3000-01-01T00:00:00Z", ""):
        check_stamp(ReferencePipeline(), stamp)  # type: ignore[arg-type]


def test_all_kinds_of_times_are_made() -> None:
    """Of the made times some are right, some are not, and some are too far."""
    pipeline = ReferencePipeline()
    maker = Maker(Random(3))
    good = 0
    for _ in range(400):
        frame = values.frame_of([], maker.stamp())
        good += pipeline.feed(frame).points
    reasons = {reason for reason, _ in pipeline.rejects()}
    assert reasons == {"BAD_TIME", "NOT_ENCODABLE"}
    assert 50 < good < 300
