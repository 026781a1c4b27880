"""Sinks: one module per kind of database behind the port in `base`.

`make` and `make_reader` are the only doors: they import the module of the type that is
asked for, so that a service without InfluxDB never imports an HTTP client for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Sink
    from hiq.sink.charted import ChartReader
    from hiq.sink.stored import StoredReader

__all__ = ["CHARTED", "make", "make_charts", "make_reader", "store_path"]

CHARTED = (
    ("sqlite", "influxdb1"),
    ("victoriametrics",),
    ("influxdb2", "influxdb3"),
)
"""Types of sinks that `make_charts` can read, equal ones together.

Best first: what keeps texts, what keeps only numbers, and what is not tried for real.
"""


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


def make_reader(settings: SinkSettings, *, data_dir: Path) -> StoredReader:
    """Return what reads back a sink; ConfigError if its settings cannot work.

    Nothing is opened yet. A sink of type `stdout` has no reader: ValueError.
    """
    if settings.type == "sqlite":
        from hiq.sink.stored_sqlite import SqliteReader  # noqa: PLC0415

        return SqliteReader(settings.name, store_path(settings, data_dir=data_dir))
    from hiq.sink.dialect import dialect  # noqa: PLC0415
    from hiq.sink.lines import Lines  # noqa: PLC0415

    if settings.type == "stdout":
        raise ValueError("what went to stdout cannot be read back")
    try:
        kind = dialect(settings)
    except ValueError as exc:
        where = f"sink {settings.name}"
        raise ConfigError(Problem(where, 0, "url", str(exc))) from None
    lines = Lines(settings, kind.headers)
    if settings.type == "influxdb1":
        from hiq.sink.stored_influxql import InfluxqlReader  # noqa: PLC0415

        return InfluxqlReader(settings, kind, lines)
    if settings.type == "influxdb2":
        from hiq.sink.stored_flux import FluxReader  # noqa: PLC0415

        return FluxReader(settings, kind, lines)
    if settings.type == "influxdb3":
        from hiq.sink.stored_sql import SqlReader  # noqa: PLC0415

        return SqlReader(settings, kind, lines)
    from hiq.sink.stored_vm import VictoriaMetricsReader  # noqa: PLC0415

    return VictoriaMetricsReader(settings, kind, lines)


def make_charts(settings: SinkSettings, *, data_dir: Path) -> ChartReader:
    """Return what reads a sink of a type in `CHARTED` for charts.

    Nothing is opened yet. ValueError if its URL cannot be used.
    """
    if settings.type == "sqlite":
        from hiq.sink.chart_sqlite import SqliteCharts  # noqa: PLC0415

        return SqliteCharts(store_path(settings, data_dir=data_dir))
    from hiq.sink.dialect import dialect  # noqa: PLC0415
    from hiq.sink.lines import Lines  # noqa: PLC0415

    kind = dialect(settings)
    lines = Lines(settings, kind.headers)
    if settings.type == "victoriametrics":
        from hiq.sink.chart_vm import VictoriaMetricsCharts  # noqa: PLC0415

        return VictoriaMetricsCharts(settings, kind, lines)
    from hiq.sink.chart_influxql import InfluxqlCharts  # noqa: PLC0415

    return InfluxqlCharts(settings, kind, lines)


def store_path(settings: SinkSettings, *, data_dir: Path) -> Path:
    """Return the file of an embedded store: `path`, else `<name>.db` in `data_dir`.

    A relative `path` is taken from `data_dir`.
    """
    return data_dir / (settings.path or f"{settings.name}.db")
