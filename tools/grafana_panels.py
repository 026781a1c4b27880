"""What the dashboards show: each panel once, with its query in every language.

Points are those of the schema `ha`: the unit is the measurement, `entity_id` and
`domain` are tags, `value` is the number; an entity without a unit is a measurement of
its own. A language without a query leaves the panel out. It knows nothing of JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LANGUAGES = ("influxql", "flux", "sql", "promql")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `queries` by language."""

    title: str
    unit: str
    queries: dict[str, str]
    kind: str = "timeseries"
    width: int = 12
    help: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `variables` are name -> query by language."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh: str = "30s"
    span: str = "now-24h"


def of_unit(
    measurement: str, function: str = "mean", where: str = ""
) -> dict[str, str]:
    """Return the queries of a line per entity, of all entities with a unit."""
    and_where = f" AND {where}" if where else ""
    flux_where = (
        "".join(
            f' |> filter(fn: (r) => r["{key.strip()}"] == "{value.strip()}")'
            for key, value in [where.replace('"', "").replace("'", "").split("=")]
        )
        if where
        else ""
    )
    over_time = {"mean": "avg", "max": "max", "min": "min"}[function]
    queries = {
        "influxql": (
            f'SELECT {function}("value") FROM "{measurement}" WHERE $timeFilter{and_where} '
            'GROUP BY time($__interval), "entity_id" fill(previous)'
        ),
        "flux": (
            'from(bucket: "${bucket}") |> range(start: v.timeRangeStart, stop: '
            f'v.timeRangeStop) |> filter(fn: (r) => r._measurement == "{measurement}" and '
            f'r._field == "value"){flux_where} |> group(columns: ["entity_id"]) '
            f"|> aggregateWindow(every: v.windowPeriod, fn: {function}, createEmpty: false)"
        ),
        "sql": (
            "SELECT date_bin(INTERVAL '${__interval_ms} milliseconds', time) AS bin, "
            f'entity_id, {"avg" if function == "mean" else function}("value") AS value '
            f'FROM "{measurement}" WHERE time >= $__timeFrom AND time <= $__timeTo'
            f"{and_where} GROUP BY bin, entity_id ORDER BY bin"
        ),
        "promql": (
            f'{over_time}_over_time({{__name__="{measurement}_value"}}[$__interval])'
        ),
    }
    if where:  # an attribute is a field of the point; as series it stands alone
        del queries["promql"], queries["flux"]
    return queries


def of_domain(domain: str, name: str, function: str = "mean") -> dict[str, str]:
    """Return the queries of a line per entity of a domain, whatever its measurement."""
    over_time = {"mean": "avg", "last": "last"}[function]
    return {
        "influxql": (
            f'SELECT {function}("{name}") FROM /^{domain}\\./ WHERE $timeFilter '
            'GROUP BY time($__interval), "entity_id" fill(previous)'
        ),
        "flux": (
            'from(bucket: "${bucket}") |> range(start: v.timeRangeStart, stop: '
            f'v.timeRangeStop) |> filter(fn: (r) => r.domain == "{domain}" and '
            f'r._field == "{name}") |> group(columns: ["entity_id"]) '
            f"|> aggregateWindow(every: v.windowPeriod, fn: {function}, createEmpty: false)"
        ),
        "promql": (
            f'{over_time}_over_time({{__name__=~".+_{name}", '
            f'__name__!~".+_(current|min|max)_{name}", domain="{domain}"}}[$__interval])'
        ),
    }


PER_DAY = {
    "influxql": (
        'SELECT spread("value") FROM "kWh" WHERE $timeFilter '
        'GROUP BY time(1d), "entity_id" fill(none)'
    ),
    "flux": (
        'from(bucket: "${bucket}") |> range(start: v.timeRangeStart, stop: '
        'v.timeRangeStop) |> filter(fn: (r) => r._measurement == "kWh" and '
        'r._field == "value") |> group(columns: ["entity_id"]) '
        "|> aggregateWindow(every: 1d, fn: spread, createEmpty: false)"
    ),
    "sql": (
        "SELECT date_bin(INTERVAL '1 day', time) AS bin, entity_id, "
        'max("value") - min("value") AS value FROM "kWh" WHERE time >= $__timeFrom '
        "AND time <= $__timeTo GROUP BY bin, entity_id ORDER BY bin"
    ),
    "promql": (
        'max_over_time({__name__="kWh_value"}[1d]) - min_over_time({__name__="kWh_value"}[1d])'
    ),
}

OVERVIEW = Board(
    "home",
    "Home",
    (
        Panel("Temperatures", "celsius", of_unit("°C")),
        Panel("Power", "watt", of_unit("W")),
        Panel("Percent: humidity, batteries, load", "percent", of_unit("%")),
        Panel("Light", "lux", of_unit("lx")),
        Panel("Lights that are on", "bool", of_domain("light", "value", "last")),
        Panel("Switches that are on", "bool", of_domain("switch", "value", "last")),
        Panel(
            "Points per interval",
            "short",
            {
                "influxql": (
                    'SELECT count("value") FROM /.*/ WHERE $timeFilter '
                    "GROUP BY time($__interval) fill(0)"
                ),
                "flux": (
                    'from(bucket: "${bucket}") |> range(start: v.timeRangeStart, stop: '
                    'v.timeRangeStop) |> filter(fn: (r) => r._field == "value") '
                    '|> group(columns: ["_measurement"]) |> aggregateWindow(every: '
                    "v.windowPeriod, fn: count)"
                ),
                "promql": (
                    'sum by (domain) (count_over_time({__name__=~".+_value"}[$__interval]))'
                ),
            },
            width=24,
        ),
    ),
)

ENERGY = Board(
    "energy",
    "Energy",
    (
        Panel("Power now", "watt", of_unit("W")),
        Panel("Highest power", "watt", of_unit("W", "max")),
        Panel("Meters", "kwatth", of_unit("kWh", "max")),
        Panel("Used per day", "kwatth", PER_DAY, kind="barchart"),
        Panel("Voltage", "volt", of_unit("V")),
        Panel("Current", "amp", of_unit("A")),
        Panel("Price", "short", of_unit("EUR/kWh"), width=24),
    ),
    span="now-7d",
)

CLIMATE = Board(
    "climate",
    "Climate",
    (
        Panel("Temperature, mean", "celsius", of_unit("°C")),
        Panel("Temperature, highest", "celsius", of_unit("°C", "max")),
        Panel("Temperature, lowest", "celsius", of_unit("°C", "min")),
        Panel(
            "Humidity",
            "humidity",
            of_unit("%", where="\"device_class_str\" = 'humidity'"),
        ),
        Panel(
            "Measured by thermostats",
            "celsius",
            of_domain("climate", "current_temperature"),
        ),
        Panel("Wanted of thermostats", "celsius", of_domain("climate", "temperature")),
        Panel("Pressure", "pressurehpa", of_unit("hPa")),
        Panel("Fine dust", "conμgm3", of_unit("µg/m³")),
    ),
)

_ONE_FLUX = (
    'from(bucket: "${bucket}") |> range(start: v.timeRangeStart, stop: v.timeRangeStop) '
    '|> filter(fn: (r) => r.entity_id == "${entity}" and r.domain == "${domain}" and '
)
_ONE_WHERE = (
    "WHERE \"entity_id\" = '$entity' AND \"domain\" = '$domain' AND $timeFilter"
)

ENTITY = Board(
    "entity",
    "One entity",
    (
        Panel(
            "Value",
            "short",
            {
                "influxql": (
                    f'SELECT mean("value") FROM /.*/ {_ONE_WHERE} '
                    "GROUP BY time($__interval) fill(previous)"
                ),
                "flux": (
                    f'{_ONE_FLUX}r._field == "value") |> aggregateWindow(every: '
                    "v.windowPeriod, fn: mean, createEmpty: false)"
                ),
                "sql": (
                    "SELECT date_bin(INTERVAL '${__interval_ms} milliseconds', time) AS bin, "
                    'avg("value") AS value FROM "${measurement}" WHERE entity_id = '
                    "'${entity}' AND time >= $__timeFrom AND time <= $__timeTo GROUP BY bin "
                    "ORDER BY bin"
                ),
                "promql": (
                    'avg_over_time({__name__=~".+_value", domain="$domain", '
                    'entity_id="$entity"}[$__interval])'
                ),
            },
            width=24,
        ),
        Panel(
            "Lowest and highest",
            "short",
            {
                "influxql": (
                    f'SELECT min("value"), max("value") FROM /.*/ {_ONE_WHERE} '
                    "GROUP BY time($__interval) fill(none)"
                ),
                "sql": (
                    "SELECT date_bin(INTERVAL '${__interval_ms} milliseconds', time) AS bin, "
                    'min("value") AS lowest, max("value") AS highest FROM "${measurement}" '
                    "WHERE entity_id = '${entity}' AND time >= $__timeFrom AND time <= "
                    "$__timeTo GROUP BY bin ORDER BY bin"
                ),
            },
        ),
        Panel(
            "Changes per interval",
            "short",
            {
                "influxql": (
                    f'SELECT count("value") FROM /.*/ {_ONE_WHERE} '
                    "GROUP BY time($__interval) fill(0)"
                ),
                "flux": (
                    f'{_ONE_FLUX}r._field == "value") |> aggregateWindow(every: '
                    "v.windowPeriod, fn: count)"
                ),
                "promql": (
                    'count_over_time({__name__=~".+_value", domain="$domain", '
                    'entity_id="$entity"}[$__interval])'
                ),
            },
        ),
        Panel(
            "States",
            "string",
            {
                "influxql": (
                    f"SELECT * FROM /.*/ {_ONE_WHERE} ORDER BY time DESC LIMIT 50"
                ),
                "flux": f'{_ONE_FLUX}true) |> sort(columns: ["_time"], desc: true) '
                "|> limit(n: 50)",
                "sql": (
                    "SELECT * FROM \"${measurement}\" WHERE entity_id = '${entity}' AND "
                    "time >= $__timeFrom AND time <= $__timeTo ORDER BY time DESC LIMIT 50"
                ),
            },
            kind="table",
            width=24,
        ),
    ),
    variables={
        "domain": {
            "influxql": 'SHOW TAG VALUES WITH KEY = "domain"',
            "flux": (
                'import "influxdata/influxdb/schema"\n'
                'schema.tagValues(bucket: "${bucket}", tag: "domain")'
            ),
            "promql": "label_values(domain)",
        },
        "entity": {
            "influxql": (
                'SHOW TAG VALUES WITH KEY = "entity_id" WHERE "domain" = \'$domain\''
            ),
            "flux": (
                'import "influxdata/influxdb/schema"\n'
                'schema.tagValues(bucket: "${bucket}", tag: "entity_id", predicate: '
                '(r) => r.domain == "${domain}")'
            ),
            "sql": 'SELECT DISTINCT entity_id FROM "${measurement}" ORDER BY entity_id',
            "promql": 'label_values({domain="$domain"}, entity_id)',
        },
        "measurement": {
            "sql": (
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = 'iox' ORDER BY table_name"
            ),
        },
    },
)

HOME_BOARDS = (OVERVIEW, ENERGY, CLIMATE, ENTITY)
