"""The dialects of line protocol over HTTP: InfluxDB 1, 2, 3 and VictoriaMetrics.

Pure: settings go in, the URL, headers and limits of a write come out; the status,
headers and text of an answer go in, an `Outcome` comes out. It knows no socket, no
clock, and never the batch. Answers of InfluxDB 1.6 and VictoriaMetrics 1.79 are as
measured, those of InfluxDB 2 and 3 as their HTTP API reference documents them.

Time stamps are always nanoseconds and the precision is always sent: v1 spells it
`n` (it takes an unknown word silently as nanoseconds), v2 `ns`, v3 `nanosecond`
(its `auto` guesses by magnitude).
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from hiq.sink.base import Done, Hold, Outcome, Refused, Retry, TooBig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.settings.schema import SinkSettings

__all__ = ["ANSWER_BYTES", "Dialect", "dialect", "outcome"]

ANSWER_BYTES = 64 * 1024
"""How much of an answer is read; the rest is not wanted."""

REASON_CHARS = 500
"""How much of an answer goes into a reason, a log line and a dead letter."""

RETRY_AFTER_CAP_S = 3600.0
"""A server may ask for more, but a typo there must not silence a sink for days."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database is written to.

    Attributes:
        type: the sink type of the settings.
        base: scheme, host and path prefix, without credentials.
        write_url: the complete URL of a write.
        headers: what every request carries; holds the secret, so never in a repr.
        body_limit: largest body in bytes as sent that the server takes by default.
        joins_members: whether one body may hold several gzip members.
        place: name of the database or bucket, as sent.
        target: what the user calls the place: `database "hiq"`, `bucket "x"`.
        missing: what to do when that place does not exist.
    """

    type: str
    base: str
    write_url: str
    headers: Mapping[str, str] = field(repr=False)
    body_limit: int
    joins_members: bool
    place: str
    target: str
    missing: str

    def url(self, path: str, **query: str) -> str:
        """Return the URL of another request of the same server."""
        return self.base + path + (f"?{urlencode(query)}" if query else "")


def dialect(settings: SinkSettings) -> Dialect:
    """Return the dialect of a sink; ValueError if its URL cannot be used."""
    return _MAKERS[settings.type](settings)


def outcome(
    kind: Dialect,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_s: float = 0.0,
) -> Outcome:
    """Say what an answer to a write means.

    Args:
        kind: the dialect that was spoken.
        status: the HTTP status.
        headers: with case-insensitive keys, as aiohttp gives them.
        body: the beginning of the answer.
        now_s: Unix time, for a Retry-After that names a date (RFC 9110, 10.2.3).

    Only 204 is a promise. A 400 of InfluxDB 1 may have stored part of the batch and
    its `dropped=` count is not to be believed, so it is never more than "some line
    is bad".
    """
    reason = f"{status}: {_text(body)}" if body.strip() else f"status {status}"
    if status == 204:
        return Done()
    if status in (400, 422):
        if status == 400 and _about_database(body):
            return Hold(reason, kind.missing)
        return Refused(reason)
    if status in (401, 403):
        return Hold(reason, _login_advice(kind, status))
    if status == 404:
        return Hold(reason, _missing_advice(kind, body))
    if status == 413:
        return TooBig(reason)
    if 300 <= status < 400:
        place = headers.get("Location", "elsewhere")
        return Hold(
            f"{status}: redirected to {_bare(place)}",
            "credentials are not sent after a redirect; set `url` to the server itself",
        )
    if status in (408, 429) or status >= 500:
        return Retry(reason, after_s=_retry_after(headers.get("Retry-After"), now_s))
    if 200 <= status < 300:
        return Retry(f"not confirmed, 204 expected: {reason}")
    return Hold(reason, f"is a {kind.type} really what answers at {kind.base}?")


def _text(body: bytes) -> str:
    return " ".join(body[:REASON_CHARS].decode("utf-8", "replace").split())


def _about_database(body: bytes) -> bool:
    return b"database is required" in body


def _login_advice(kind: Dialect, status: int) -> str:
    secret = "username and password" if kind.type == "influxdb1" else "token"
    if status == 401:
        return f"check the {secret} of this sink"
    if kind.type == "influxdb1":
        return f"grant the user WRITE on {kind.target}"
    return f"use a token that may write to {kind.target}"


def _missing_advice(kind: Dialect, body: bytes) -> str:
    if b"page not found" in body or b"unsupported path" in body:
        return (
            f"this server has no write path for {kind.type}: check `url` and `type` "
            "(InfluxDB before 1.8 needs type influxdb1)"
        )
    if b"organization" in body:
        return "check `org`: the server does not know this organization"
    return kind.missing


def _retry_after(value: str | None, now_s: float) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now_s)
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_S)


def _until(date: str, now_s: float) -> float:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  rare and slow

    try:
        return parsedate_to_datetime(date).timestamp() - now_s
    except (ValueError, OverflowError):
        return math.nan


def _bare(url: str) -> str:
    """Return a URL without user, password and query: these may hold a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _base(settings: SinkSettings, port: int) -> str:
    url = settings.url or f"http://localhost:{port}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"url {_bare(url)!r} is not like http://host:{port}")
    return _bare(url).rstrip("/")


def _login(settings: SinkSettings) -> tuple[str | None, str]:
    """Return user and password, from the settings or else from the URL."""
    if settings.username is not None:
        return settings.username, settings.password or ""
    parts = urlsplit(settings.url or "")
    if parts.username is None:
        return None, ""
    return unquote(parts.username), unquote(parts.password or "")


def _basic(settings: SinkSettings) -> dict[str, str]:
    user, password = _login(settings)
    if user is None:
        return {}
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _v1(settings: SinkSettings) -> Dialect:
    base = _base(settings, 8086)
    database = settings.database or "home_assistant"
    query = {"db": database, "precision": "n"}
    if settings.retention_policy:
        query["rp"] = settings.retention_policy
    return Dialect(
        type="influxdb1",
        base=base,
        write_url=f"{base}/write?{urlencode(query)}",
        headers=_basic(settings),
        body_limit=25_000_000,
        joins_members=True,
        place=database,
        target=f'database "{database}"',
        missing=(
            f"create the database: influx -execute 'CREATE DATABASE \"{database}\"'"
        ),
    )


def _v2(settings: SinkSettings) -> Dialect:
    base = _base(settings, 8086)
    bucket = settings.bucket or settings.database or "Home Assistant"
    query = {"org": settings.org or "", "bucket": bucket, "precision": "ns"}
    return Dialect(
        type="influxdb2",
        base=base,
        write_url=f"{base}/api/v2/write?{urlencode(query)}",
        headers=_bearing("Token", settings),
        body_limit=50_000_000,
        joins_members=True,
        place=bucket,
        target=f'bucket "{bucket}"',
        missing=(
            f"create the bucket: influx bucket create --org '{settings.org or ''}' "
            f"--name '{bucket}'"
        ),
    )


def _v3(settings: SinkSettings) -> Dialect:
    base = _base(settings, 8181)
    database = settings.database or settings.bucket or "home_assistant"
    query = {
        "db": database,
        "precision": "nanosecond",
        "accept_partial": "true",
        "no_sync": "false",
    }
    return Dialect(
        type="influxdb3",
        base=base,
        write_url=f"{base}/api/v3/write_lp?{urlencode(query)}",
        headers=_bearing("Bearer", settings),
        body_limit=10 * 1024 * 1024,
        joins_members=False,  # not documented, and no server here to try it on
        place=database,
        target=f'database "{database}"',
        missing=f"create the database: influxdb3 create database '{database}'",
    )


def _victoriametrics(settings: SinkSettings) -> Dialect:
    base = _base(settings, 8428)
    query = {"precision": "ns"}
    if settings.database:  # becomes a label `db` on every series
        query["db"] = settings.database
    return Dialect(
        type="victoriametrics",
        base=base,
        write_url=f"{base}/write?{urlencode(query)}",
        headers=_bearing("Bearer", settings) or _basic(settings),
        body_limit=32 * 1024 * 1024,
        joins_members=True,
        place=settings.database or "",
        target="VictoriaMetrics",
        missing="check `url`: it is the address before /write, with any path prefix",
    )


def _bearing(scheme: str, settings: SinkSettings) -> dict[str, str]:
    if not settings.token:
        return {}
    return {"Authorization": f"{scheme} {settings.token}"}


_MAKERS: dict[str, Callable[[SinkSettings], Dialect]] = {
    "influxdb1": _v1,
    "influxdb2": _v2,
    "influxdb3": _v3,
    "victoriametrics": _victoriametrics,
}
