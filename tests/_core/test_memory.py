"""Running out of memory: an error for the caller, and nothing half done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import resource, sys
from hiq import Pipeline
from tests.events import frame, state_changed

size = int(sys.argv[1])
pipeline = Pipeline({"high_water": 1 << 40})
small = frame(state_changed(attributes={"a": 1}))
other = frame(state_changed(entity_id="light.a", attributes={"a": 1}))
large = frame(state_changed(entity_id="light.b", attributes={"a": '"' * size}))
both = b"[" + small + b"," + other + b"," + large + b"]"
assert pipeline.feed(other).points == 1
before = pipeline.buffered_bytes
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (used + size, hard))
for _ in range(3):
    try:
        pipeline.feed(both, snapshot=True)
    except MemoryError:
        pass
    else:
        raise SystemExit("there was enough memory")
    assert (pipeline.buffered_points, pipeline.buffered_bytes) == (1, before)
resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
verdict = pipeline.feed(both, snapshot=True)
assert (verdict.points, verdict.duplicates) == (2, 1), verdict
assert pipeline.feed(small, snapshot=True).duplicates == 1
data = pipeline.take_batch()
assert data.points == 3 and data.data.count(b"\\n") == 3
assert pipeline.rejects() == []
print("fine")
"""

SCHEMAS = """
import resource, sys
from hiq import Pipeline
from tests.events import frame, state_changed
from tests.lineprotocol import decode

options = {"schema": sys.argv[1], "high_water": 1 << 40, "tidy": {"attributes": ["*"]}}
text = "\\u2028" * (1 << 17)  # written as six bytes each
huge = frame(state_changed("sensor.huge", attributes={"a": text, "b": text, "c": "d"}))
small = frame(state_changed("sensor.small", attributes={"a": 1}))
pipeline = Pipeline(options)
pipeline.tap(True)
refused = 0
for extra in range(1, 200):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (extra << 18), hard))
    try:
        pipeline.feed(b"[" + small + b"," + huge + b"]")
        fed = True
    except MemoryError:
        fed = False
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    seen = [entity_id for _, entity_id, *_ in pipeline.tapped()]
    if fed:
        break
    refused += 1
    assert seen == [], seen
    new = frame(state_changed(f"sensor.n{extra}", attributes={"a": extra}))
    assert pipeline.feed(new).points == 1
    assert len(pipeline.tapped()) == 1
    assert len(decode(pipeline.take())) == 1
assert refused
assert fed
for line in pipeline.take().splitlines(keepends=True):
    decode(line)
print("fine")
"""


def assert_fine(script: str, argument: str) -> None:
    """Run a script in a process of its own, whose memory it limits."""
    done = subprocess.run(
        [sys.executable, "-c", script, argument],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("size", [3_000_000, 20_000_000])
def test_frame_without_memory_is_taken_back(size: int) -> None:
    """Lines, entities and stamps are those from before, and the next try succeeds."""
    assert_fine(SCRIPT, str(size))


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("schema", ["ha", "homeiq", "tidy"])
def test_no_schema_remembers_a_frame_without_memory(schema: str) -> None:
    """A frame that was refused is shown to nobody, and the next events are as ever."""
    assert_fine(SCHEMAS, schema)
