"""Memory of the whole process, tried with few events so that it cannot rot; plots."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks.loopback import Database, Home
from benchmarks.memory import LOOKS, Watched, an_hour, full_speed
from benchmarks.playing import played
from benchmarks.processes import serving
from benchmarks.svg import bars, lines

if TYPE_CHECKING:
    from pathlib import Path


def test_looks_see_the_memory_of_a_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At full speed it takes more than idle, and every look is a row."""
    monkeypatch.setattr("benchmarks.processes.SETTLE_S", 0.0)
    monkeypatch.setattr("benchmarks.memory.QUIET_S", 0.1)
    few = played("stream", 1000)
    monkeypatch.setattr("benchmarks.memory.played", lambda _: few)
    with (
        Home() as home,
        Database() as database,
        serving(home, database.url, tmp_path) as hiq,
    ):
        watched = Watched(hiq.pid, database)
        idle, _ = watched.look("idle")
        full = full_speed(home, watched, "stream", 0.1)
        hour = an_hour(home, watched, 0.1, 0.2)
    assert full > idle > 20
    assert len(hour) == LOOKS
    assert capsys.readouterr().out.count("\n") == 2 + LOOKS
    assert (watched.events - LOOKS * 30) % few.events == 0


def test_bars_have_the_length_of_their_logarithm() -> None:
    """Ten times as much is one step of the axis further; names are escaped."""
    text = bars("a < b", "ns", {"one": {"x": 10.0, "y": 100.0, "z": 1000.0}})
    widths = [
        float(item.attrib["width"])
        for item in ET.fromstring(text)
        if item.tag.endswith("rect") and item.attrib["width"] != "12"
    ]
    assert widths[2] == pytest.approx(2 * widths[1], abs=0.1)
    assert "a &lt; b" in text


def test_lines_go_up_where_the_figure_does() -> None:
    """The upright axis begins at 0, the other one may be logarithmic."""
    text = lines(
        "t", "x", "y", {"one": [(1, 10), (10, 20), (100, 40)]}, logarithmic=True
    )
    (line,) = (item for item in ET.fromstring(text) if item.tag.endswith("polyline"))
    points = [tuple(map(float, p.split(","))) for p in line.attrib["points"].split()]
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 > y2 > y3
    assert y2 - y3 == pytest.approx(2 * (y1 - y2), abs=0.2)
