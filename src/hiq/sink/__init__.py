"""Sinks: one module per kind of database behind the port in `base`.

`make` is the only door: it imports the module of the type that is asked for, so that
a service without InfluxDB never imports an HTTP client for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Sink

__all__ = ["make", "store_path"]


def make(settings: SinkSettings, *, data_dir: Path) -> Sink:
    """Return the sink of these settings; ConfigError if they cannot work.

    Nothing is opened yet: `Sink.start` does that.
    """
    if settings.type == "sqlite":
        from hiq.sink.sqlite import SqliteSink  # noqa: PLC0415

        return SqliteSink(settings, store_path(settings, data_dir=data_dir))
    if settings.type == "stdout":
        from hiq.sink.stdout import StdoutSink  # noqa: PLC0415

        return StdoutSink(settings)
    from hiq.sink.influx import InfluxSink  # noqa: PLC0415

    return InfluxSink(settings)


def store_path(settings: SinkSettings, *, data_dir: Path) -> Path:
    """Return the file of an embedded store: `path`, else `<name>.db` in `data_dir`.

    A relative `path` is taken from `data_dir`.
    """
    return data_dir / (settings.path or f"{settings.name}.db")
