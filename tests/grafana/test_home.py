"""Each query of the home's dashboards against real databases with recorded data.

InfluxQL goes to InfluxDB 1, PromQL to VictoriaMetrics. Flux and SQL need servers that
cannot be had here: only their form is judged.
"""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

import hiq
from tests.corpus import frames
from tests.grafana.boards import board, filled, names, queries, variables
from tests.servers.databases import InfluxDB, VictoriaMetrics, prometheus_query
from tests.servers.process import http_request

LONGEST = 256 * 1024
"""VictoriaMetrics takes no longer line; a recorded one is, on purpose."""
DEMO = ("light", "bed_light")


def recorded() -> tuple[bytes, int, int]:
    """Lines of a recorded home, and their first and last moment in nanoseconds."""
    pipeline = hiq.Pipeline({})
    made = []
    for frame in frames():
        if pipeline.feed(frame).full:
            made.append(pipeline.take())
    made.append(pipeline.take())
    lines = b"".join(made)
    moments = [int(line.rsplit(b" ", 1)[1]) for line in lines.splitlines()]
    return lines, min(moments), max(moments)


@pytest.fixture(scope="module")
def home() -> tuple[bytes, int, int]:
    """The recorded lines."""
    return recorded()


def started(server, lines: bytes) -> Iterator:
    """A server that holds the recorded home, in batches that it takes."""
    server.start()
    try:
        every = lines.splitlines(keepends=True)
        all_lines = [line for line in every if len(line) <= LONGEST]
        for first in range(0, len(all_lines), 5000):
            server.write(b"".join(all_lines[first : first + 5000]))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def influxdb(home, tmp_path_factory) -> Iterator[InfluxDB]:
    """A real InfluxDB with the recorded home."""
    yield from started(InfluxDB(tmp_path_factory.mktemp("influxdb")), home[0])


@pytest.fixture(scope="module")
def victoriametrics(home, tmp_path_factory) -> Iterator[VictoriaMetrics]:
    """A real VictoriaMetrics with the recorded home."""
    server = VictoriaMetrics(tmp_path_factory.mktemp("vm"))
    for one in started(server, home[0]):
        http_request(f"{one.url}/internal/force_flush")
        yield one


INFLUXQL = [(n, *q) for n in names("*-influxql.json") for q in queries(n)]
PROMQL = [(n, *q) for n in names("*-promql.json") for q in queries(n)]


@pytest.mark.real
@pytest.mark.parametrize(("name", "title", "query"), INFLUXQL)
def test_influxql_answers(home, influxdb, name: str, title: str, query: str) -> None:
    """Every panel shows something of a real home."""
    first, last = home[1:]
    words = {
        "timeFilter": f"time >= {first} AND time <= {last}",
        "__interval": "5s",
        "domain": DEMO[0],
        "entity": DEMO[1],
    }
    rows = influxdb.query(filled(query, words))
    values = [
        value
        for row in rows
        for key, value in row.items()
        if key not in {"time", "_measurement", "entity_id"} and value is not None
    ]
    assert values, f"{title}: nothing"


@pytest.mark.real
def test_what_can_be_chosen_in_influxql(influxdb) -> None:
    """The lists of domains and entities hold those of the home."""
    found = dict(variables("entity-influxql.json"))
    domains = influxdb.query(found["domain"])
    assert DEMO[0] in {row["value"] for row in domains}
    entities = influxdb.query(filled(found["entity"], {"domain": DEMO[0]}))
    assert DEMO[1] in {row["value"] for row in entities}


@pytest.mark.real
@pytest.mark.parametrize(("name", "title", "query"), PROMQL)
def test_promql_answers(
    home, victoriametrics, name: str, title: str, query: str
) -> None:
    """Every panel shows something of a real home."""
    first, last = home[1:]
    words = {"__interval": "5s", "domain": DEMO[0], "entity": DEMO[1]}
    fields = {
        "query": filled(query, words),
        "start": str(first // 10**9),
        "end": str(last // 10**9),
        "step": "5s",
        "nocache": "1",
    }
    found = prometheus_query(victoriametrics.url, fields)
    assert any(series["values"] for series in found), f"{title}: nothing"


@pytest.mark.real
def test_what_can_be_chosen_in_promql(home, victoriametrics) -> None:
    """The values of the labels hold those of the home."""
    for name, query in variables("entity-promql.json"):
        match, label = re.fullmatch(r"label_values\((?:(.*), )?(\w+)\)", query).groups()
        fields = {"start": home[1] // 10**9, "end": home[2] // 10**9 + 1}
        if match:
            fields["match[]"] = filled(match, {"domain": DEMO[0]})
        path = f"/api/v1/label/{label}/values?{urllib.parse.urlencode(fields)}"
        assert DEMO[("domain", "entity").index(name)] in str(
            http_request(f"{victoriametrics.url}{path}")[1]
        )


@pytest.mark.parametrize("name", [*names("*-flux.json"), *names("*-sql.json")])
def test_flux_and_sql_are_whole(name: str) -> None:
    """Brackets close, words are known; no server here could judge more."""
    words = dict.fromkeys(
        ("bucket", "entity", "domain", "measurement", "__timeFrom", "__timeTo",
         "__interval_ms"), "1",
    )  # fmt: skip
    for _, query in [*queries(name), *variables(name)]:
        text = filled(query, words)
        for opened, closed in ("()", "[]", "{}"):
            assert text.count(opened) == text.count(closed), text
        assert text.count('"') % 2 == 0
        assert text.startswith(("from(", "import ", "SELECT "))


def test_every_language_has_every_board() -> None:
    """Home, energy, climate and one entity, in four languages."""
    languages = {"influxql", "flux", "sql", "promql"}
    found = {name.removesuffix(".json") for name in names("*-*.json")}
    boards = ("home", "energy", "climate", "entity")
    assert found == {f"{one}-{language}" for one in boards for language in languages}
    uids = [board(name)["uid"] for name in names("*.json")]
    assert len(set(uids)) == len(uids)


def test_panels_do_not_overlap() -> None:
    """No place of a dashboard is taken twice."""
    for name in names("*.json"):
        taken: set[tuple[int, int]] = set()
        for panel in board(name)["panels"]:
            grid = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(grid["x"], grid["x"] + grid["w"])
                for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not cells & taken, f"{name}: {panel['title']}"
            assert grid["x"] + grid["w"] <= 24
            taken |= cells


def test_the_files_are_those_of_the_tables() -> None:
    """`python tools/grafana.py` would change nothing."""
    tool = Path(__file__).parent.parent.parent / "tools" / "grafana.py"
    check = [sys.executable, tool, "--check"]
    done = subprocess.run(check, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
