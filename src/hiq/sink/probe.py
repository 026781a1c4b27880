"""What `hiq check` does to one HTTP database: reach, log in, write, read back.

It writes one point to the measurement `hiq_check` and touches nothing else; every
finding is one `Check` with what to do about it. It makes a request once: retrying is
not its business, nor is the data of the user.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from typing import TYPE_CHECKING

from hiq.sink.base import Batch, Check, Done, Hold, Outcome
from hiq.sink.client import Answer, CallFailed, Client
from hiq.sink.stored import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect

__all__ = ["MEASUREMENT", "check"]

MEASUREMENT = "hiq_check"

METRICS_AGE_S = 1.2
"""VictoriaMetrics shows figures that are up to a second old."""

_LOOK_AT_SERVER = "the write was confirmed but cannot be read: look at the server's log"
_LOST = {
    "rows_invalid": re.compile(
        rb'^vm_rows_invalid_total\{type="influx"\} (\d+)', re.MULTILINE
    ),
    "rows_ignored": re.compile(rb"^vm_rows_ignored_total\{[^}]*\} (\d+)", re.MULTILINE),
}


async def check(
    kind: Dialect,
    settings: SinkSettings,
    client: Client,
    write: Callable[[Batch], Awaitable[Outcome]],
    clock: Callable[[], float],
) -> list[Check]:
    """Return the findings, in the order in which they were made; stops at a failure.

    Args:
        kind: the dialect of the server.
        settings: of this sink; names in advice come from here.
        client: makes the requests.
        write: the sink's own write, so that exactly that is tried.
        clock: Unix seconds; its millisecond is the time stamp of the point.
    """
    reached = await _reach(kind, client)
    if not reached.ok:
        return [reached]
    found = [reached]
    before = await _vm_losses(kind, client)
    time_ms = int(clock() * 1000)
    line = f"{MEASUREMENT},source=hiq value=1 {time_ms * 1_000_000}\n"
    batch = Batch(gzip.compress(line.encode(), 1), 1, time_ms * 10**6, time_ms * 10**6)
    written = _written(kind, await write(batch))
    found.append(written)
    if written.ok:
        read = await _read_back(kind, settings, client, time_ms)
        found.append(read)
        if before and not read.ok:
            await asyncio.sleep(METRICS_AGE_S)
            found.extend(_vm_lost(before, await _vm_losses(kind, client)))
    return found


async def _reach(kind: Dialect, client: Client) -> Check:
    path = "/health" if kind.type == "victoriametrics" else "/ping"
    try:
        answer = await client.ask("GET", kind.base + path)
    except CallFailed as failure:
        advice = failure.advice or f"is the server running, and is {kind.base} right?"
        return Check("reachable", ok=False, detail=failure.reason, advice=advice)
    version = answer.headers.get("X-Influxdb-Version", "")
    detail = f"{kind.base} {version}".rstrip()
    # 401 still means that somebody is there; the write says what is wrong
    if answer.status < 300 or answer.status in (401, 403):
        return _version(kind, version, detail)
    return Check(
        "reachable",
        ok=False,
        detail=f"{detail}: GET {path} gave status {answer.status}",
        advice=f"is a {kind.type} really what answers at {kind.base}?",
    )


def _version(kind: Dialect, version: str, detail: str) -> Check:
    wants = {"influxdb2": ("1.8", "2"), "influxdb3": ("3",)}.get(kind.type, ())
    number = version.removeprefix("v")
    if number and wants and not number.startswith(wants):
        return Check(
            "reachable",
            ok=False,
            detail=detail,
            advice=f"this server does not speak {kind.type}: set `type` to match it",
        )
    return Check("reachable", ok=True, detail=detail)


def _written(kind: Dialect, result: Outcome) -> Check:
    if isinstance(result, Done):
        return Check("write", ok=True, detail=f"one point in {kind.target}")
    advice = result.advice if isinstance(result, Hold) else "see the server's log"
    return Check("write", ok=False, detail=result.reason, advice=advice)


async def _read_back(
    kind: Dialect, settings: SinkSettings, client: Client, time_ms: int
) -> Check:
    reader = _READERS[kind.type]
    try:
        answer = await reader(kind, settings, client, time_ms)
    except CallFailed as failure:
        return Check("read back", ok=False, detail=failure.reason)
    if answer.status in (401, 403):
        return Check(
            "read back",
            ok=True,
            detail="not allowed to read, which hiq does not need: not verified",
        )
    if answer.status != 200:
        text = answer.body[:200].decode("utf-8", "replace").strip()
        return Check(
            "read back",
            ok=False,
            detail=f"status {answer.status}: {text}",
            advice=_LOOK_AT_SERVER,
        )
    if _holds_value(kind, answer.body, time_ms):
        return Check("read back", ok=True, detail="the point is there")
    return Check(
        "read back", ok=False, detail="the point is not there", advice=_LOOK_AT_SERVER
    )


async def _read_v1(
    kind: Dialect, settings: SinkSettings, client: Client, time_ms: int
) -> Answer:
    where = f"time = {time_ms * 1_000_000}"
    source = f'"{MEASUREMENT}"'
    if settings.retention_policy:
        source = f'"{settings.retention_policy}".{source}'
    query = f"SELECT value FROM {source} WHERE {where}"  # noqa: S608  our own words
    return await client.ask(
        "GET", kind.url("/query", db=kind.place, epoch="ms", q=query)
    )


async def _read_v2(
    kind: Dialect, settings: SinkSettings, client: Client, time_ms: int
) -> Answer:
    bucket = json.dumps(kind.place, ensure_ascii=False)
    start, stop = f"{time_ms * 10**6}", f"{(time_ms + 1) * 10**6}"
    flux = (
        f"from(bucket: {bucket}) "
        f"|> range(start: time(v: {start}), stop: time(v: {stop})) "
        f'|> filter(fn: (r) => r._measurement == "{MEASUREMENT}")'
    )
    return await client.ask(
        "POST",
        kind.url("/api/v2/query", org=settings.org or ""),
        data=json.dumps({"query": flux, "type": "flux"}).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/csv"},
    )


async def _read_v3(
    kind: Dialect, settings: SinkSettings, client: Client, time_ms: int
) -> Answer:
    low, high = time_ms * 10**6, (time_ms + 1) * 10**6
    del settings
    query = (
        f"SELECT value FROM {MEASUREMENT} "  # noqa: S608  our own words
        f"WHERE time >= to_timestamp_nanos({low}) AND time < to_timestamp_nanos({high})"
    )
    body = {"db": kind.place, "q": query, "format": "json"}
    return await client.ask(
        "POST",
        kind.url("/api/v3/query_sql"),
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )


async def _read_vm(
    kind: Dialect, settings: SinkSettings, client: Client, time_ms: int
) -> Answer:
    del settings
    # fresh points are invisible until they are flushed, and behind "now" by default
    await client.ask("GET", kind.url("/internal/force_flush"))
    return await client.ask(
        "GET",
        kind.url(
            "/api/v1/export",
            **{
                "match[]": f'{{__name__="{MEASUREMENT}_value"}}',
                "start": f"{(time_ms - 1) / 1000:.3f}",
                "end": f"{(time_ms + 1) / 1000:.3f}",
            },
        ),
    )


def _holds_value(kind: Dialect, body: bytes, time_ms: int) -> bool:
    text = body.decode("utf-8", "replace")
    if kind.type == "influxdb2":  # annotated CSV: the query asked for this time only
        return MEASUREMENT in text
    try:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        if kind.type == "victoriametrics":
            return any(time_ms in row.get("timestamps", ()) for row in rows)
        if kind.type == "influxdb3":
            return any("value" in row for row in rows[0])
        return bool(rows[0]["results"][0]["series"][0]["values"])
    except MALFORMED:
        return False


async def _vm_losses(kind: Dialect, client: Client) -> dict[str, int]:
    """Return how many rows VictoriaMetrics dropped behind a 204 so far."""
    if kind.type != "victoriametrics":
        return {}
    try:
        answer = await client.ask("GET", kind.url("/metrics"))
    except CallFailed:
        return {}
    return {
        name: sum(int(count) for count in pattern.findall(answer.body))
        for name, pattern in _LOST.items()
    }


def _vm_lost(before: dict[str, int], after: dict[str, int]) -> list[Check]:
    """Say whether the server counted a row that it dropped without a word."""
    lost = {name: after[name] - before[name] for name in after if name in before}
    if not any(lost.values()):
        return []
    return [
        Check(
            "dropped behind 204",
            ok=False,
            detail=", ".join(f"{name} +{count}" for name, count in lost.items()),
            advice="compare the clocks, and the server's -retentionPeriod",
        )
    ]


_READERS: dict[
    str, Callable[[Dialect, SinkSettings, Client, int], Awaitable[Answer]]
] = {
    "influxdb1": _read_v1,
    "influxdb2": _read_v2,
    "influxdb3": _read_v3,
    "victoriametrics": _read_vm,
}
