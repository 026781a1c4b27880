"""Real databases: InfluxDB 1 and VictoriaMetrics, each in a folder of its own.

They are the judges of what hiq wrote, so they are read with plain HTTP and JSON,
never with code of hiq.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers.process import Server, free_port, http_request, program

# Export answers only up to now unless told: points a little ahead of this clock
# count too.
FAR_FUTURE_S = 4_000_000_000


class InfluxDB(Server):
    """InfluxDB 1.x with a database `hiq`.

    - `auth`: user and password; then every request needs them, and they are the
      default of `query` and `write`.
    - `settings`: any option as INFLUXDB_<SECTION>_<KEY>.
    """

    name = "influxdb"

    def __init__(
        self,
        folder: Path,
        *,
        auth: tuple[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._program = program("influxd")
        super().__init__(folder)
        self.auth = auth
        self.database = "hiq"
        self._settings = dict(settings or {})
        self._backup_port = free_port()

    def command(self) -> Sequence[str]:
        """Return the command; all settings come by the environment."""
        config = self.folder / "influxdb.conf"
        config.touch()  # it insists on a file
        return [self._program, "run", "-config", str(config)]

    def environment(self) -> dict[str, str]:
        """Return the settings."""
        data = self.folder
        return {
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{self._backup_port}",
            "INFLUXDB_META_DIR": str(data / "meta"),
            "INFLUXDB_DATA_DIR": str(data / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(data / "wal"),
            "INFLUXDB_DATA_MAX_VALUES_PER_TAG": "0",
            "INFLUXDB_DATA_MAX_SERIES_PER_DATABASE": "0",
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            "INFLUXDB_HTTP_AUTH_ENABLED": str(self.auth is not None).lower(),
            **self._settings,
        }

    def ready(self) -> bool:
        """Return whether it answers a ping."""
        return http_request(f"{self.url}/ping", timeout=1)[0] == 204

    def start(self) -> None:
        """Start it; the first time make the user and the database."""
        first = not (self.folder / "meta").exists()
        super().start()
        if first:
            if self.auth:
                user, password = self.auth
                self.query(
                    f"CREATE USER \"{user}\" WITH PASSWORD '{password}' "
                    "WITH ALL PRIVILEGES"
                )
            self.create_database(self.database)

    def create_database(self, name: str) -> None:
        """Make a database; it may exist."""
        self.query(f'CREATE DATABASE "{name}"')

    def query(self, text: str, *, database: str | None = None) -> list[dict[str, Any]]:
        """Run InfluxQL; return the rows of all series.

        A row holds the columns (`time` in nanoseconds), the tags of GROUP BY, and
        the measurement as `_measurement`.

        Raises:
            RuntimeError: the server refused a statement.
        """
        fields = {"db": database or self.database, "epoch": "ns", **self._login()}
        status, body = http_request(
            f"{self.url}/query?{urllib.parse.urlencode(fields)}",
            method="POST",
            body=urllib.parse.urlencode({"q": text}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = json.loads(body)
        rows = []
        for result in [answer, *answer.get("results", [])]:
            if "error" in result:
                raise RuntimeError(f"influxdb {status}: {result['error']}")
            for series in result.get("series", []):
                head = {"_measurement": series.get("name"), **series.get("tags", {})}
                columns = series["columns"]
                rows += [
                    {**head, **dict(zip(columns, values, strict=True))}
                    for values in series.get("values", [])
                ]
        return rows

    def points(self, database: str | None = None) -> list[dict[str, Any]]:
        """Return all points of all measurements, tags and fields as columns."""
        return self.query("SELECT * FROM /.*/", database=database)

    def write(self, lines: bytes | str, *, database: str | None = None) -> None:
        """Write line protocol in nanoseconds; RuntimeError if refused."""
        fields = {"db": database or self.database, "precision": "ns", **self._login()}
        target = f"{self.url}/write?{urllib.parse.urlencode(fields)}"
        status, body = http_request(target, method="POST", body=lines)
        if status != 204:
            raise RuntimeError(f"influxdb {status}: {body.decode(errors='replace')}")

    def _login(self) -> dict[str, str]:
        return dict(zip(("u", "p"), self.auth, strict=True)) if self.auth else {}


class VictoriaMetrics(Server):
    """VictoriaMetrics, single node."""

    name = "victoria-metrics"

    def __init__(self, folder: Path, *, flags: Sequence[str] = ()) -> None:
        self._program = program("victoria-metrics")
        super().__init__(folder)
        self._flags = flags

    def command(self) -> Sequence[str]:
        """Return the command; nothing is too old to be taken."""
        return [
            self._program,
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder / 'data'}",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=128MiB",
            *self._flags,
        ]

    def ready(self) -> bool:
        """Return whether it says that it is healthy."""
        return http_request(f"{self.url}/health", timeout=1)[0] == 200

    def write(self, lines: bytes | str) -> None:
        """Write line protocol in nanoseconds; RuntimeError if refused."""
        status, body = http_request(f"{self.url}/write", method="POST", body=lines)
        if status != 204:
            raise RuntimeError(f"victoria-metrics {status}: {body!r}")

    def export(self, match: str = '{__name__!=""}') -> list[dict[str, Any]]:
        """Return every stored series, including what was written just now.

        A series is `{"metric": {"__name__": ..., tag: ...}, "values": [...],
        "timestamps": [milliseconds, ...]}`.
        """
        http_request(f"{self.url}/internal/force_flush")
        fields = {"match[]": match, "start": 0, "end": FAR_FUTURE_S}
        target = f"{self.url}/api/v1/export?{urllib.parse.urlencode(fields)}"
        status, body = http_request(target, timeout=60)
        if status != 200:
            raise RuntimeError(f"victoria-metrics {status}: {body!r}")
        return [json.loads(line) for line in body.splitlines()]


class Prometheus(Server):
    """Prometheus that scrapes one address every second, with rules if there are any."""

    name = "prometheus"

    def __init__(self, folder: Path, target: str, rules: Path | None = None) -> None:
        self._program = program("prometheus")
        super().__init__(folder)
        self._config = folder / "prometheus.yml"
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [
                {"job_name": "hiq", "static_configs": [{"targets": [target]}]}
            ],
            "rule_files": [str(rules)] if rules else [],
        }
        self._config.write_text(json.dumps(config))  # JSON is YAML

    def command(self) -> Sequence[str]:
        """Return the command."""
        return [
            self._program,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def ready(self) -> bool:
        """Return whether it says that it is ready."""
        return http_request(f"{self.url}/-/ready", timeout=1)[0] == 200

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now; RuntimeError if it is refused."""
        return prometheus_query(self.url, {"query": expression})

    def names(self) -> list[str]:
        """Return the names of all metrics that were read."""
        _, body = http_request(f"{self.url}/api/v1/label/__name__/values")
        found: list[str] = json.loads(body)["data"]
        return found


def prometheus_query(url: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """Ask the query API of Prometheus or VictoriaMetrics; at one time, or over a span.

    Raises:
        RuntimeError: the expression was refused.
    """
    path = "query_range" if "step" in fields else "query"
    status, body = http_request(f"{url}/api/v1/{path}?{urllib.parse.urlencode(fields)}")
    answer = json.loads(body)
    if answer.get("status") != "success":
        raise RuntimeError(f"{status}: {answer.get('error')}: {fields['query']}")
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found
