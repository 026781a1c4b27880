"""The breakdown by part: callgrind is read right, and every part is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import breakdown
from benchmarks.breakdown import LIBC, OTHER, PYTHON, instructions, part_of, per_event
from benchmarks.playing import played

CORE = "/x/hiq/_core/scan.cpython-311-x86_64-linux-gnu.so"
WRITTEN = f"""\
events: Ir
ob={CORE}
fl=scan.cxx
fn=__pyx_f_3hiq_5_core_4scan_scan_value
7 100
cob=/usr/lib/libc.so.6
cfn=__memcpy_avx_unaligned
calls=3 0
7 900
+2 20
ob=/usr/lib/libc.so.6
fn=__memcpy_avx_unaligned
0 900
"""


def test_costs_of_a_call_count_where_they_arise() -> None:
    """The line behind `calls` is not counted a second time."""
    assert instructions(WRITTEN) == {"scan": 120, LIBC: 900}


@pytest.mark.parametrize(
    ("function", "library", "part"),
    [
        ("__pyx_f_3hiq_5_core_5event_read_frame", "", "event (envelope)"),
        ("__pyx_f_3hiq_5_core_4line_7Encoder_encode", CORE, "judgement"),
        ("0x00000000000031c0", CORE, "scan"),
        ("_PyEval_EvalFrameDefault", "/usr/lib/libpython3.11.so.1.0", PYTHON),
        ("main", "/usr/bin/python3.11", PYTHON),
        ("__memcmp_avx2_movbe", "/lib/x86_64-linux-gnu/libc.so.6", LIBC),
        ("???", "/lib/libz.so.1", OTHER),
    ],
)
def test_functions_belong_to_parts(function: str, library: str, part: str) -> None:
    """By name, or by library if names were stripped."""
    assert part_of(function, library) == part


def test_every_module_of_the_core_has_a_part() -> None:
    """A new one must be told where it belongs."""
    core = Path(__file__).parent.parent / "src" / "hiq" / "_core"
    modules = {path.stem for path in core.glob("*.pyx")}
    assert modules - set(breakdown.PART) == modules & set(breakdown.BESIDE)


def test_without_valgrind_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and status 1."""
    monkeypatch.setattr(breakdown, "tool", lambda: None)
    monkeypatch.setattr("sys.argv", ["breakdown", "--frames", "1"])
    assert breakdown.main() == 1
    assert "apt install valgrind" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(breakdown.tool() is None, reason="no valgrind")
def test_every_part_of_the_core_is_found() -> None:
    """Whatever the modules are called, most of the instructions have a part."""
    found, events = per_event(played("stream", 60).messages)
    assert 0 < events <= 60
    assert all(found[name] > 0 for name in breakdown.PARTS)
    assert found[OTHER] < 0.05 * sum(found.values())
