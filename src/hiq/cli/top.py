"""`hiq top`: the running service, live in the terminal; or one line per look."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click
import orjson

from hiq.cli.options import config_option, json_option
from hiq.cli.status import ask, own, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Look", "command", "screen"]

COLOURS = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}
STATES = {"ok": "green", "idle": "green", "retrying": "yellow", "held": "red"}
CLEAR = "\x1b[H\x1b[2J"
BAR = 24


class Look:
    """What /health said at a time, and what has changed since the look before."""

    def __init__(
        self, found: Mapping[str, Any], now: float, before: Look | None
    ) -> None:
        self.found = found
        self.now = now
        self._before = before.found if before is not None else found
        self._passed_s = now - before.now if before is not None else 0.0

    def rate(self, *path: str) -> float:
        """Return how much a counter has grown in a second; 0 after a restart."""
        if self._passed_s <= 0.0:
            return 0.0
        gained = _at(self.found, path) - _at(self._before, path)
        return max(0.0, gained / self._passed_s)

    def document(self) -> dict[str, Any]:
        """Return the figures for programs."""
        sinks = self.found["sinks"]
        return {
            "timestamp": self.found["timestamp"],
            "status": self.found["status"],
            "reasons": self.found["reasons"],
            "received_per_second": round(self.rate("counters", "received"), 3),
            "accepted_per_second": round(self.rate("counters", "accepted"), 3),
            "sinks": {
                name: {
                    "state": sink["state"],
                    "written_per_second": round(self.rate("sinks", name, "written"), 3),
                    "pending": sink["pending"],
                    "lag_seconds": sink["lag_seconds"],
                }
                for name, sink in sinks.items()
            },
        }


@click.command("top")
@config_option
@json_option
@click.option("--url", help="Where it runs; default: as its settings say.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--count", type=click.IntRange(1), help="End after so many looks.")
def command(
    *,
    config: Path | None,
    as_json: bool,
    url: str | None,
    interval: float,
    count: int | None,
) -> int:
    r"""Watch the running service: rates, lag, what each sink does, what is wrong.

    On a terminal the screen is drawn anew at each look, until Ctrl-C; elsewhere each
    look is a line, with --json a document. Exit status 0; 3 if nothing answers.

    \b
    Examples:
      hiq top
      hiq top --url http://hiq.lan:8001 --interval 5
      hiq top --count 2 --json | tail -n 1 | jq .received_per_second
    """
    certificate = None
    if url is None:
        url, certificate = own(config)
    live = sys.stdout.isatty() and not as_json
    try:
        for look in _looks(url, certificate, interval, count):
            if as_json:
                click.echo(orjson.dumps(look.document()))
            elif live:
                click.echo(CLEAR + "\n".join(screen(look)))
            else:
                click.echo(line(look))
    except KeyboardInterrupt:
        pass
    return 0


def _looks(
    url: str, certificate: str | None, interval_s: float, count: int | None
) -> Iterator[Look]:
    """Yield looks; the first one has no rates yet."""
    before: Look | None = None
    number = 0
    while True:
        before = Look(ask(url, "/health", certificate), time.monotonic(), before)
        yield before
        number += 1
        if number == count:
            return
        time.sleep(interval_s)


def line(look: Look) -> str:
    """Return a look as one line."""
    sinks = "  ".join(
        f"{name} {sink['state']} {look.rate('sinks', name, 'written'):.1f}/s "
        f"lag {sink['lag_seconds']:.1f} s"
        for name, sink in look.found["sinks"].items()
    )
    received = look.rate("counters", "received")
    return (
        f"{look.found['timestamp'][:19]}Z  {look.found['status']}  "
        f"{received:.1f} events/s  {sinks}"
    )


def screen(look: Look) -> list[str]:
    """Return a look as lines for a terminal, with colours."""
    found = look.found
    home, journal = found["home_assistant"], found["journal"]
    status = click.style(found["status"], fg=COLOURS[found["status"]], bold=True)
    full = journal["bytes"] / max(1, journal["max_bytes"])
    lines = [
        f"hiq {found['version']}  {status}  up {_age(found['uptime_seconds'])}",
        *(click.style(f"  ! {reason}", fg="yellow") for reason in found["reasons"]),
        "",
        f"Home Assistant  {home['state'].lower()}  {home['url']}",
        f"  received      {look.rate('counters', 'received'):>10,.1f} /s",
        f"  accepted      {look.rate('counters', 'accepted'):>10,.1f} /s",
        f"  left out      {_left_out(look):>10,.1f} /s",
        "",
        (
            f"journal         {_bar(full)} {size(journal['bytes'])} of "
            f"{size(journal['max_bytes'])}"
        ),
        "",
        f"{'sink':<16}{'state':<10}{'written/s':>12}{'pending':>12}{'lag':>10}",
    ]
    for name, sink in found["sinks"].items():
        state = click.style(f"{sink['state']:<10}", fg=STATES.get(sink["state"]))
        lines.append(
            f"{name:<16.16}{state}{look.rate('sinks', name, 'written'):>12,.1f}"
            f"{sink['pending']:>12,}{sink['lag_seconds']:>8,.1f} s"
        )
        if sink["last_error"] and sink["state"] in {"retrying", "held"}:
            lines.append(f"  {sink['last_error'][:120]}")
    gaps = found.get("gaps")
    if gaps:
        lines += ["", f"gaps: {gaps['open']} open, {gaps['lost']} lost (`hiq gaps`)"]
    return [*lines, "", "Ctrl-C ends"]


def _left_out(look: Look) -> float:
    names = ("filtered", "skipped", "duplicate", "rejected")
    return sum(look.rate("counters", name) for name in names)


def _at(found: Any, path: tuple[str, ...]) -> float:
    """Return a figure of a document, 0 if it is not there."""
    for name in path:
        if name not in found:
            return 0.0
        found = found[name]
    return float(found)


def _bar(share: float) -> str:
    """Return a bar of a share of one."""
    filled = min(BAR, round(share * BAR))
    return f"[{'#' * filled}{'.' * (BAR - filled)}]"


def _age(seconds: int) -> str:
    """Return a duration for people."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    text = f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text
