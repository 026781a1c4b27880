"""`hiq check`: is everything there that `hiq serve` needs, and what to do if not.

Asks Home Assistant and every sink once, tries the journal folder, and prints a table.
It changes nothing but one test point per sink.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import (
    config_option,
    environment,
    json_option,
    load_settings,
    require_home_assistant,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hiq.settings import Settings
    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Check

__all__ = ["command", "report"]

SINK_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """The findings about one thing."""

    name: str
    checks: tuple[Check, ...]


@click.command("check")
@config_option
@json_option
def command(config: Path | None, *, as_json: bool) -> int:
    r"""Reach Home Assistant and every sink, and say what is wrong.

    Logs in, reads one state, compares the clocks, writes one test point to the
    measurement hiq_check of every sink and reads it back, and looks at the journal
    folder. Exit status 0 if all is well, 1 if something failed.

    \b
    Examples:
      hiq check
      hiq check --config /etc/hiq/hiq.yaml
      hiq check --json | jq '.checks[] | select(.ok | not)'
    """
    settings = load_settings(config)
    require_home_assistant(settings)
    return report(settings, as_json=as_json)


def report(settings: Settings, *, as_json: bool) -> int:
    """Check everything and print what was found; returns the exit status."""
    groups = findings(settings)
    found = document(groups)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        show(groups, ok=found["ok"])
    return 0 if found["ok"] else 1


def show(groups: list[Group], *, ok: bool) -> None:
    """Print what was found, for people."""
    click.echo(table(groups), nl=False)
    click.echo("all is well" if ok else "something failed, see above")


def document(groups: list[Group]) -> dict[str, Any]:
    """Return what was found, for programs."""
    return {
        "ok": all(check.ok for group in groups for check in group.checks),
        "checks": [
            {"of": group.name, **asdict(check)}
            for group in groups
            for check in group.checks
        ],
    }


def findings(settings: Settings) -> list[Group]:
    """Check everything."""
    import asyncio

    from hiq import log

    log.setup(settings.log, quiet=True)
    groups = asyncio.run(_groups(settings))
    groups.append(Group("journal", tuple(check_journal(settings))))
    return groups


async def _groups(settings: Settings) -> list[Group]:
    """Return the findings that need the network."""
    from hiq.cli.probe import check_home
    from hiq.ha.locate import candidates

    groups = []
    if settings.home_assistant.enabled:
        for candidate in candidates(settings.home_assistant, environment()):
            checks = await check_home(candidate, clock=time.time)
            name = "home assistant"
            if candidate.name == "fallback":
                name += " (fallback)"
            groups.append(Group(name, tuple(checks)))
    for sink in settings.sinks:
        checks = await check_sink(sink, settings.data_dir)
        groups.append(Group(f"sink {sink.name}", tuple(checks)))
    return groups


async def check_sink(settings: SinkSettings, data_dir: Path) -> list[Check]:
    """Return the findings about one sink."""
    import asyncio

    from hiq.errors import HiqError
    from hiq.sink import make
    from hiq.sink.base import Check

    try:
        sink = make(settings, data_dir=data_dir)
    except HiqError as exc:
        return [Check("settings", ok=False, detail=str(exc))]
    try:
        async with asyncio.timeout(SINK_DEADLINE_S):
            await sink.start()
            return await sink.check()
    except TimeoutError:
        return [Check("check", ok=False, detail=f"no end in {SINK_DEADLINE_S:g} s")]
    except (HiqError, OSError) as exc:
        return [Check("start", ok=False, detail=str(exc))]
    finally:
        await sink.close()


def check_journal(settings: Settings) -> list[Check]:
    """Return whether the journal folder can be written, and how much room it has."""
    from hiq.settings.units import show_size
    from hiq.sink.base import Check

    path = settings.journal_path
    advice = "set journal.path or data_dir to a folder that hiq may write to"
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".check-") as file:
            file.write(b"hiq")
        free = shutil.disk_usage(path).free
    except OSError as exc:
        detail = f"{path}: {exc.strerror}"
        return [Check("writable", ok=False, detail=detail, advice=advice)]
    rows = [Check("writable", ok=True, detail=str(path))]
    least, most = settings.journal.min_free_bytes, settings.journal.max_bytes
    detail = f"{free // 2**20} MiB free"
    if free <= least:
        advice = (
            f"journal.min_free_bytes keeps {show_size(least)} for others, so nothing "
            "can be written: make room"
        )
        rows.append(Check("disk space", ok=False, detail=detail, advice=advice))
    else:
        advice = ""
        if free - least < most:
            advice = f"less than journal.max_bytes ({show_size(most)})"
        rows.append(Check("disk space", ok=True, detail=detail, advice=advice))
    return rows


def table(groups: Sequence[Group]) -> str:
    """Return the findings as a table for people."""
    width = max((len(c.name) for group in groups for c in group.checks), default=0)
    lines = []
    for group in groups:
        lines.append(group.name)
        for check in group.checks:
            word = "ok    " if check.ok else "FAILED"
            lines.append(f"  {word}  {check.name:<{width}}  {check.detail}")
            if check.advice:
                lines.append(f"  {'':6}  {'':<{width}}  -> {check.advice}")
    return "\n".join(lines) + "\n"
