"""What the service gives to the page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hiq.deadletters import DeadLetter, DeadLetters
from hiq.pageparts import PastOfSink, fill_page, past_of
from hiq.settings import HomeAssistantSettings, Settings, SinkSettings
from hiq.sink.charted import Charted, Held
from hiq.validating import FILE
from hiq.web.parts import Parts
from hiq.web.types.home import Entity
from hiq.web.types.page import StoredQuery

NOW = 1_790_000_000.0
DAY_S = 86400


class Charts:
    """A database for charts that counts how often it is asked."""

    def __init__(self, *held: Held) -> None:
        self.held_by = list(held)
        self.looks = 0
        self.closed = 0

    async def chart(self, entity_id: str, *span: int) -> Charted:
        """Return one point, and what was asked for."""
        self.asked = (entity_id, *span)
        return Charted("°C", "value", "number", 1, 0.0, [NOW], [20.5])

    async def held(self) -> list[Held]:
        """Return what is there."""
        self.looks += 1
        return self.held_by

    async def close(self) -> None:
        """Count it."""
        self.closed += 1


def past(charts: Charts, parts: Parts | None = None) -> PastOfSink:
    """Return what the routes ask."""
    return PastOfSink(
        "store", "sqlite", lambda: charts, parts or Parts(), clock=lambda: NOW
    )


def held(name: str, age_s: float) -> Held:
    """Return an entity that was silent for so long."""
    return Held(name, ("m",), int((NOW - age_s) * 1e9))


async def test_history_of_a_sink() -> None:
    """Seconds become nanoseconds; the document names the sink."""
    charts = Charts()
    reader = past(charts)
    await reader.close()  # nothing was opened yet
    found = await reader.history("sensor.a", 1.5, 2.0, 10)
    assert charts.asked == ("sensor.a", 1_500_000_000, 2_000_000_000, 10)
    assert (found.sink, found.values, found.start) == (
        "store",
        [20.5],
        "1970-01-01T00:00:01.500000+00:00",
    )
    await reader.close()
    assert charts.closed == 1


async def test_stored_is_searched_and_cut() -> None:
    """Part of an id, upper or lower case; the total counts all that fit."""
    charts = Charts(held("light.a", 1), held("sensor.a", 2), held("sensor.b", 3))
    reader = past(charts)
    found = await reader.stored(StoredQuery(search="SENSOR", limit=1))
    assert (found.total, [one.entity_id for one in found.entities]) == (2, ["sensor.a"])
    await reader.stored(StoredQuery())
    assert charts.looks == 1  # looking at every series is not for each keystroke


async def test_who_is_silent() -> None:
    """The longest silent first; who is in no registry and silent for a week is gone."""
    charts = Charts(
        held("a.quick", 1), held("b.gone", 8 * DAY_S), held("c.slow", 9 * DAY_S),
        held("d.unknown", 6 * DAY_S),
    )  # fmt: skip
    parts = Parts(entities=lambda: [Entity(entity_id="c.slow")])
    found = await past(charts, parts).stored(StoredQuery(order="silent"))
    assert [one.entity_id for one in found.entities] == [
        "c.slow",
        "d.unknown",
        "a.quick",
    ]


def settings(folder: Path, *sinks: SinkSettings) -> Settings:
    """Settings with a secret."""
    return Settings(
        home_assistant=HomeAssistantSettings(token="y" * 40),
        sinks=sinks,
        data_dir=folder,
    )


async def test_everything_is_given(tmp_path: Path) -> None:
    """Rejects of the core, letters of each sink, settings in force without secrets."""
    store = SinkSettings(name="db", type="sqlite")
    current = SimpleNamespace(settings=settings(tmp_path, store))
    core = SimpleNamespace(rejects=lambda: [("BAD_TIME", b"{}")])
    letters = DeadLetters(tmp_path / "dead" / "db.ndjson")
    letters.append([DeadLetter(b"m v=%d" % i, "bad", NOW, "db") for i in range(60)])
    parts = Parts()
    fill_page(parts, current, core)
    assert parts.rejects is not None
    assert await parts.rejects() == [(None, "BAD_TIME", b"{}")]
    kept = DeadLetters(tmp_path / "dead" / FILE)
    kept.append([DeadLetter(b"x" * 300, "BAD_DATA", NOW, "events")])
    assert await parts.rejects() == [(NOW, "BAD_DATA", b"x" * 200)]
    assert parts.letters is not None
    found = (await parts.letters())["db"]
    assert [letter.line for letter in found] == [f"m v={i}" for i in range(10, 60)]
    assert parts.settings is not None
    shown, source = parts.settings()
    assert "y" * 40 not in str(shown)
    assert shown["home_assistant"]["token"] == "****"
    assert source is None
    assert parts.past is not None
    current.settings = settings(tmp_path)
    assert "sinks" not in parts.settings()[0]  # a reload is seen


def test_without_a_sink_that_can_be_read(tmp_path: Path) -> None:
    """There is no past then."""
    parts = Parts()
    deaf = SinkSettings(name="out", type="stdout")
    current = SimpleNamespace(settings=settings(tmp_path, deaf))
    fill_page(parts, current, SimpleNamespace(rejects=list))
    assert parts.past is None


@pytest.mark.parametrize(
    ("types", "read"),
    [
        (["victoriametrics", "sqlite"], "sqlite"),
        (["influxdb1", "sqlite"], "influxdb1"),
        (["influxdb2", "victoriametrics", "stdout"], "victoriametrics"),
        (["stdout", "influxdb3"], "influxdb3"),
    ],
)
async def test_which_sink_is_read(types: list[str], read: str, tmp_path: Path) -> None:
    """What keeps texts before what does not, what is tried for real before a stand-in."""
    sinks = [SinkSettings(name=kind, type=kind) for kind in types]
    past = past_of(settings(tmp_path, *sinks), Parts())
    assert past is not None
    assert past._kind == read


@pytest.mark.parametrize("many", [3, 5000])
def test_newest_letters_of_a_large_file(tmp_path: Path, many: int) -> None:
    """Only the end is read; what is damaged there is left out."""
    letters = DeadLetters(tmp_path / "db.ndjson")
    assert letters.newest(2) == []
    letters.append(
        [DeadLetter(b"m v=%d" % i, "b" * 90, NOW, "db") for i in range(many)]
    )
    with letters.path.open("ab") as file:
        file.write(b"{not json\n")
    found = letters.newest(2)
    assert [letter.line for letter in found] == [f"m v={many - 1}".encode()]
