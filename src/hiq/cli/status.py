"""`hiq status`: how the running service is doing, asked over its HTTP."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import orjson

from hiq.cli.options import config_option, json_option, load_settings
from hiq.errors import ServiceUnreachable
from hiq.words import said_by_system

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

__all__ = ["ask", "command", "context", "fetch", "own", "size"]

DEADLINE_S = 5.0
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
COUNTERS = (
    "received",
    "accepted",
    "buffered",
    "filtered",
    "skipped",
    "duplicate",
    "rejected",
)


@click.command()
@config_option
@json_option
@click.option("--url", help="Where it runs; default: as its settings say.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; is it alive?")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    config: Path | None,
    as_json: bool,
    url: str | None,
    quiet: bool,
) -> None:
    r"""Show how the running service is doing.

    Exit status: 0 it answers and is not unhealthy, 1 it is unhealthy, 3 it does not
    answer. With --quiet only 0 or 3: fit for the health check of a container, that
    must not restart because a database is away.

    \b
    Examples:
      hiq status
      hiq status --url http://hiq.lan:8001 --json
      hiq status --quiet && echo alive
    """
    certificate = None
    if url is None:
        url, certificate = own(config)
    if quiet:
        ask(url, "/livez", certificate)
        return
    found = ask(url, "/health", certificate)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(lines(found)))
    if found["status"] == "unhealthy":
        ctx.exit(1)


def own(config: Path | None) -> tuple[str, str | None]:
    """Return where the service of these settings is, and its certificate."""
    settings = load_settings(config).http
    scheme = "https" if settings.tls_cert else "http"
    host = settings.host.strip("[]")
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        host = "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{settings.port}", settings.tls_cert


def ask(url: str, path: str, certificate: str | None = None) -> dict[str, Any]:
    """Return the JSON object at a path of the service.

    Args:
        url: where it is.
        path: what to ask.
        certificate: file of the service's own certificate; then that one alone is
            trusted, under whatever name.

    Raises:
        ServiceUnreachable: nothing answers, or it is not hiq.
    """
    status, found = fetch(url, path, certificate)
    if "status" not in found:
        raise ServiceUnreachable(url, _stranger(status))
    return found


def fetch(
    url: str, path: str, certificate: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Return HTTP status and JSON object at a path; arguments as for `ask`.

    Raises:
        ServiceUnreachable: nothing answers, or no JSON object.
    """
    parts = urlsplit(url)
    try:
        connection = _connect(parts, certificate)
        try:
            connection.request("GET", parts.path.rstrip("/") + path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        found = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise ServiceUnreachable(url, _stranger(answer.status)) from exc
    except (OSError, ValueError, http.client.HTTPException) as exc:
        raise ServiceUnreachable(url, said_by_system(exc)) from exc
    if not isinstance(found, dict):
        raise ServiceUnreachable(url, _stranger(answer.status))
    return answer.status, found


def _stranger(status: int) -> str:
    return f"what answers there (status {status}) is another program"


def _connect(parts: SplitResult, certificate: str | None) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=DEADLINE_S)
    return http.client.HTTPSConnection(
        host, port, timeout=DEADLINE_S, context=context(certificate)
    )


def context(certificate: str | None) -> ssl.SSLContext:
    """Return what is trusted: the certificate alone, else whom the system trusts."""
    found = ssl.create_default_context(cafile=certificate)
    found.check_hostname = certificate is None
    return found


def size(count: float) -> str:
    """Return bytes for people."""
    for unit in UNITS[:-1]:
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {UNITS[-1]}"


def lines(found: dict[str, Any]) -> list[str]:
    """Return the document of /health as lines for people."""
    home, journal = found["home_assistant"], found["journal"]
    subscribed = ", subscribed" if home["subscribed"] else ""
    counted = "  ".join(f"{name} {found['counters'][name]}" for name in COUNTERS)
    writable = "writable" if journal["writable"] else "NOT WRITABLE"
    room = " of ".join(size(journal[key]) for key in ("bytes", "max_bytes"))
    text = [
        f"hiq {found['version']}: {found['status']}, up {found['uptime_seconds']} s",
        *(f"  ! {reason}" for reason in found["reasons"]),
        f"Home Assistant  {home['state'].lower()}{subscribed}  {home['url']}",
        f"events          {counted}",
        f"journal         {writable}, {room}",
    ]
    if "gaps" in found:
        backfill, gaps = found["backfill"], found["gaps"]
        left = f", {backfill['left_seconds']:.0f} s of history left"
        text.append(
            f"backfill        {backfill['state']}{left if backfill['holes'] else ''}, "
            f"{backfill['points']} points restored; gaps: {gaps['open']} open, "
            f"{gaps['repaired']} repaired, {gaps['lost']} lost"
        )
    for name, sink in found["sinks"].items():
        text.append(
            f"sink {name:<10} {sink['state']}  written {sink['written']}  "
            f"pending {sink['pending']}  lag {sink['lag_seconds']:.1f} s  "
            f"dead_lettered {sink['dead_lettered']}  dropped {sink['dropped']}"
        )
    return text
