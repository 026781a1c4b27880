"""The door of the sinks: each type by its name, and where a store lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.settings.schema import SinkSettings
from hiq.sink import make, store_path


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("influxdb1", "InfluxSink"),
        ("influxdb2", "InfluxSink"),
        ("influxdb3", "InfluxSink"),
        ("victoriametrics", "InfluxSink"),
        ("sqlite", "SqliteSink"),
        ("stdout", "StdoutSink"),
    ],
)
def test_each_type_has_its_sink(kind: str, name: str, tmp_path: Path) -> None:
    """Every type of the settings gives a sink of that name; nothing is opened."""
    sink = make(SinkSettings(name="one", type=kind), data_dir=tmp_path)
    assert type(sink).__name__ == name
    assert sink.name == "one"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [(None, "/data/one.db"), ("x/y.db", "/data/x/y.db"), ("/abs/z.db", "/abs/z.db")],
)
def test_where_the_store_lies(path: str | None, expected: str) -> None:
    """By default in the data folder, under the name of the sink."""
    settings = SinkSettings(name="one", type="sqlite", path=path)
    assert store_path(settings, data_dir=Path("/data")) == Path(expected)
