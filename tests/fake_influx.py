"""A stand-in for InfluxDB 2 and 3, written from their HTTP API documentation.

No real server of these versions takes part in the suite: what this one answers is
what their reference pages say (docs.influxdata.com, "Write data" of the v2 and v3
HTTP APIs), so tests against it prove that hiq follows the documentation, not that
the servers do. InfluxDB 1 and VictoriaMetrics are tested for real.

- v2 refuses a whole batch with a malformed line (400) and answers 422 for a type
  conflict; v3 keeps the good lines of a 400 (`accept_partial=true`).
- `/query` judges token and database, and lets a real InfluxDB 1 answer (`influxql`),
  because v2 and v3 promise its language and its JSON there: how theirs differs is not
  seen.
- `script` holds faults for the next writes, one each; after them answers are normal.
- `lines` are the stored lines in order, repeats included; `requests` what was asked.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import ssl
import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

from tests.lineprotocol import BadLine, Decoded, decode_one


@dataclass(frozen=True)
class Fault:
    """What the next write meets instead of a normal answer.

    Attributes:
        status: answer this; None to answer nothing (see `reset` and `hang`).
        body: of that answer.
        headers: of that answer.
        store: whether the lines are stored all the same.
        reset: break the connection instead of an answer.
        hang: never answer, until the server is stopped.
        early: answer before the body is read, then break the connection.
    """

    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    store: bool = False
    reset: bool = False
    hang: bool = False
    early: bool = False


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    size: int


class FakeInflux:
    """InfluxDB 2 or 3 on a free port; an asynchronous context manager."""

    def __init__(
        self,
        version: Literal[2, 3],
        *,
        token: str = "secret-token",
        place: str = "hiq",
        org: str = "home",
        body_limit: int = 50_000_000,
        tls: ssl.SSLContext | None = None,
        influxql: str = "",
    ) -> None:
        self.version = version
        self.token = token
        self.place = place
        self.org = org
        self.body_limit = body_limit
        self.ignores_expect = False
        self._tls = tls
        self._influxql = influxql
        self.script: deque[Fault] = deque()
        self.lines: list[bytes] = []
        self.requests: list[Seen] = []
        self.url = ""
        self._types: dict[tuple[str, str], type] = {}
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**30)
        write = "/api/v2/write" if self.version == 2 else "/api/v3/write_lp"
        query = "/api/v2/query" if self.version == 2 else "/api/v3/query_sql"
        app.router.add_post(write, self._write, expect_handler=self._expect)
        app.router.add_post(query, self._query)
        app.router.add_get("/query", self._influxql_query)
        app.router.add_get("/ping", self._ping)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http{'s' if self._tls else ''}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _ping(self, request: web.Request) -> web.Response:
        number = "v2.7.6" if self.version == 2 else "3.0.1"
        return web.Response(status=204, headers={"X-Influxdb-Version": number})

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Let the body come, unless its announced size is refused already."""
        if self.ignores_expect:
            return None
        if (request.content_length or 0) > self.body_limit:
            self._see(request, 0)
            return self._too_large()
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    async def _write(self, request: web.Request) -> web.StreamResponse:
        fault = self.script.popleft() if self.script else None
        if fault and fault.early:
            self._see(request, 0)
            answer = web.Response(status=fault.status or 413, text=fault.body)
            answer.force_close()
            await answer.prepare(request)
            await answer.write_eof()
            assert request.transport is not None
            request.transport.abort()
            return answer
        body = await request.read()
        self._see(request, len(body))
        if fault and fault.store:
            self.lines += unpack(body, request).splitlines()
        if fault and fault.hang:
            await self._stopping.wait()
        if fault and (fault.reset or fault.hang):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault and fault.status:
            return web.Response(
                status=fault.status, text=fault.body, headers=fault.headers
            )
        return self._judge(request, body)

    async def _influxql_query(self, request: web.Request) -> web.Response:
        """Let InfluxDB 1 answer what may be asked."""
        self._see(request, 0)
        if not self._may(request):
            return self._error(401, "unauthorized", "unauthorized access")
        if request.query.get("db") != self.place:
            return self._error(404, "not found", "no dbrp mapping found")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._influxql}/query", params=request.query) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read())

    def _may(self, request: web.Request) -> bool:
        scheme = "Token" if self.version == 2 else "Bearer"
        return request.headers.get("Authorization") == f"{scheme} {self.token}"

    def _judge(self, request: web.Request, body: bytes) -> web.Response:
        if not self._may(request):
            return self._error(401, "unauthorized", "unauthorized access")
        place = request.query.get("bucket" if self.version == 2 else "db", "")
        if self.version == 2 and request.query.get("org") != self.org:
            return self._error(404, "not found", "organization name not found")
        if place != self.place:
            return self._error(404, "not found", f'bucket "{place}" not found')
        if len(body) > self.body_limit:
            return self._too_large()
        return self._store(unpack(body, request))

    def _store(self, text: bytes) -> web.Response:
        good, problems, conflict = [], [], False
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            try:
                point = decode_one(line)
            except BadLine as exc:
                problems.append((number, line, str(exc)))
                continue
            kinds = {(point.measurement, k): type(v) for k, v in point.fields.items()}
            if any(self._types.setdefault(k, t) is not t for k, t in kinds.items()):
                problems.append((number, line, "field type conflict"))
                conflict = True
                continue
            good.append(line.rstrip(b"\n"))
        if self.version == 3:
            self.lines += good
            if not problems:
                return web.Response(status=204)
            data = [
                {"original_line": line.decode(), "line_number": n, "error_message": why}
                for n, line, why in problems
            ]
            error = "partial write of line protocol occurred"
            return web.json_response({"error": error, "data": data}, status=400)
        if problems and not conflict:
            return self._error(400, "invalid", f"unable to parse: {problems[0][2]}")
        self.lines += good
        if conflict:
            return self._error(422, "unprocessable entity", "field type conflict")
        return web.Response(status=204)

    async def _query(self, request: web.Request) -> web.Response:
        """Answer the queries of hiq: one measurement, or all, in a span of time."""
        asked = await request.json()
        text = asked["query" if self.version == 2 else "q"]
        points = [decode_one(line) for line in self.lines]
        if "information_schema" in text:
            names = {p.measurement for p in points if "entity_id" in p.tags}
            return _json_lines({"table_name": name} for name in sorted(names))
        low, high = map(int, re.findall(r"\d{19}", text)[:2])
        inside = [p for p in points if low <= p.time_ns < high]
        if self.version == 2 and "exists r.entity_id" in text:
            return web.Response(text=_tables(inside), content_type="text/csv")
        if self.version == 3 and "SELECT *" in text:
            table = text.split('FROM "')[1].split('" WHERE')[0].replace('""', '"')
            rows = [p for p in inside if p.measurement == table]
            return _json_lines(
                {**p.tags, **p.fields, "time": _stamp(p.time_ns).rstrip("Z")}
                for p in rows
            )
        found = [p for p in inside if p.measurement in text]
        if self.version == 3:
            return web.json_response([p.fields for p in found])
        rows = "".join(
            f",_result,0,{p.time_ns},value,{p.measurement}\r\n" for p in found
        )
        return web.Response(text=rows, content_type="application/csv")

    def _too_large(self) -> web.Response:
        return self._error(413, "request too large", "the body is too large")

    def _error(self, status: int, code: str, message: str) -> web.Response:
        if self.version == 2:
            return web.json_response({"code": code, "message": message}, status=status)
        return web.json_response({"error": message}, status=status)

    def _see(self, request: web.Request, size: int) -> None:
        seen = Seen(
            request.method, request.path, dict(request.query), request.headers, size
        )
        self.requests.append(seen)


def _json_lines(rows: Iterable[dict[str, Any]]) -> web.Response:
    return web.Response(text="".join(json.dumps(row) + "\n" for row in rows))


def _stamp(time_ns: int) -> str:
    """Return a time as InfluxDB writes it: down to nanoseconds, without zeros."""
    whole = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    part = f"{time_ns % 10**9:09d}".rstrip("0")
    return whole + (f".{part}" if part else "") + "Z"


def _tables(points: Iterable[Decoded]) -> str:
    """Return annotated CSV as the Flux reference has it: a table for each field.

    https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
    """
    text = io.StringIO()
    for number, (point, name, value) in enumerate(
        (point, name, value)
        for point in points
        if "entity_id" in point.tags and "domain" in point.tags
        for name, value in point.fields.items()
    ):
        kind = "string" if isinstance(value, str) else "double"
        tags = sorted(point.tags)
        rows = csv.writer(text, lineterminator="\r\n")
        rows.writerow(
            ["#datatype", "string", "long", "dateTime:RFC3339", kind]
            + ["string"] * (2 + len(tags))
        )
        rows.writerow(
            ["", "result", "table", "_time", "_value", "_field", "_measurement", *tags]
        )
        rows.writerow(
            ["", "_result", number, _stamp(point.time_ns), value, name]
            + [point.measurement]
            + [point.tags[tag] for tag in tags]
        )
        rows.writerow([])
    return text.getvalue()


def unpack(body: bytes, request: web.Request) -> bytes:
    """Return the lines of a body; aiohttp has unpacked a gzip body already."""
    if body[:2] != b"\x1f\x8b":
        return body
    return zlib.decompress(body, wbits=31)
