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


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
@pytest.mark.parametrize("size", [3_000_000, 20_000_000])
def test_frame_without_memory_is_taken_back(size: int) -> None:
    """Lines, entities and stamps are those from before, and the next try succeeds."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(size)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
