"""The slow path through Python."""

from __future__ import annotations

from hiq import Pipeline
from tests._core.helpers import raw


def test_what_python_cannot_do_either_is_not_encodable() -> None:
    """A repeated key below hundreds of levels is refused, its neighbours are not."""
    deep = "[" * 990 + '{"x":1,"x":2}' + "]" * 990
    pipeline = Pipeline()
    bad, good = raw(f'{{"a":{deep}}}'), raw('{"a":{"x":1,"x":2}}')
    assert pipeline.feed(bad).rejected == 1
    assert pipeline.rejects()[0][0] == "NOT_ENCODABLE"
    assert pipeline.feed(good).points == 1
    assert pipeline.slow_events == 2
    assert b"a_str=\"{'x': 2}\"" in pipeline.take()
