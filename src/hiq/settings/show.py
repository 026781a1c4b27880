"""Settings as plain data that may be shown: secrets masked, units as people write.

What comes out can be written as YAML and read again, but for the masked values. It
knows the tables, not who shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from hiq.settings.block import BLOCK, sink_of
from hiq.settings.monitor import SILENCES
from hiq.settings.table import SECTIONS, SINK, SINK_TYPES, Row
from hiq.settings.tidy import TIDY
from hiq.settings.units import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.settings.schema import Settings, SinkSettings

__all__ = ["MASKED", "public"]

MASKED = "****"

SHOWN = (
    *("journal", "http", "backfill", "discovery", "data_api", "clients", "contracts"),
    *("security", "events", "snapshot", "memory", "monitor", "log"),
    "validation",
)


def public(settings: Settings) -> dict[str, Any]:
    """Return every setting in force, in the shape of hiq.yaml.

    The sink that Home Assistant's block stands for is shown as that block.
    """
    home = asdict(settings.home_assistant)
    fallback = settings.home_assistant.fallback
    rows = SECTIONS["home_assistant"]
    shown: dict[str, Any] = {"home_assistant": _values(home, rows)}
    if fallback is not None:
        values = _values(asdict(fallback), rows)
        values.pop("enabled")
        shown["home_assistant"]["fallback"] = values
    of_block = None
    if settings.influxdb is not None:
        shown["influxdb"] = _values(settings.influxdb, BLOCK)
        of_block = sink_of(settings.influxdb)
    sinks = [sink for sink in settings.sinks if sink != of_block]
    if sinks:
        shown["sinks"] = [_sink(sink) for sink in sinks]
    if settings.filter is not None:
        shown["filter"] = _filter(settings.filter)
    if settings.tidy is not None:
        shown["tidy"] = _values(settings.tidy, TIDY)
    for name in SHOWN:
        shown[name] = _values(asdict(getattr(settings, name)), SECTIONS[name])
    shown["data_dir"] = str(settings.data_dir)
    return shown


def _filter(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filter with its durations as people write them."""
    shown = dict(section)
    if "limits" in shown:
        shown["limits"] = [
            {
                key: show_duration(value) if key == "min_interval" else value
                for key, value in limit.items()
            }
            for limit in shown["limits"]
        ]
    return shown


def _sink(sink: SinkSettings) -> dict[str, Any]:
    """Return one sink with the keys that its type has."""
    kind = SINK_TYPES[sink.type]
    keys = {*kind.needs, *kind.takes}
    return _values(asdict(sink), {k: row for k, row in SINK.items() if k in keys})


def _values(values: Mapping[str, Any], rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return the values that are set, in the order of the table."""
    return {
        key: _value(values[key], row)
        for key, row in rows.items()
        if key != "fallback" and values.get(key) is not None
    }


def _value(value: Any, row: Row) -> Any:
    """Return one value as it may be shown."""
    if row.kind.secret:
        return MASKED
    if row.kind.name == "duration":
        return show_duration(value)
    if row.kind.name == SILENCES.name:
        return {name: show_duration(one) for name, one in value.items()}
    if row.kind.name == "size":
        return show_size(value)
    return list(value) if isinstance(value, tuple) else value
