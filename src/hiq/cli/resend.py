"""The dead letters: shown, or sent again while no service runs.

What a database takes now is removed; what it refuses again stays, with its newest
words; what could not be tried stays as it was. Equal points are the same point, so an
interrupted run may be repeated.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from hiq.cli.bar import Bar
from hiq.cli.replay import Target
from hiq.deadletters import DeadLetter, DeadLetters

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.settings import Settings
    from hiq.settings.schema import SinkSettings

__all__ = ["chosen", "letters_of", "listed", "resend"]

BATCH_LINES = 5_000
BATCH_BYTES = 1024 * 1024


def letters_of(data_dir: Path, sink: str) -> DeadLetters:
    """Return the dead letters of a sink."""
    return DeadLetters(data_dir / "dead" / f"{sink}.ndjson")


def chosen(settings: Settings, names: tuple[str, ...]) -> list[SinkSettings]:
    """Return the sinks that are meant; UsageError for a name that is none."""
    known = {sink.name: sink for sink in settings.sinks}
    for name in names:
        if name not in known:
            have = ", ".join(known) or "none"
            raise click.UsageError(f"there is no sink {name}; the settings have {have}")
    return [sink for name, sink in known.items() if not names or name in names]


def listed(settings: Settings, sinks: list[SinkSettings], *, as_json: bool) -> None:
    """Print the letters."""
    from hiq.cli.query import iso

    for sink in sinks:
        letters = letters_of(settings.data_dir, sink.name)
        count = 0
        for letter in letters.read():
            count += 1
            if as_json:
                click.echo(letter.json().decode(), nl=False)
                continue
            when = iso(int(letter.time * 1e9))
            line = letter.line.decode("utf-8", "replace")
            click.echo(f"{when} {sink.name}: {letter.reason}\n    {line}")
        if not as_json:
            click.echo(f"{sink.name}: {count} dead letters", err=True)
        if letters.damaged:
            click.echo(f"{sink.name}: {letters.damaged} damaged lines", err=True)


def resend(
    settings: Settings, sinks: list[SinkSettings], *, patience_s: float, as_json: bool
) -> int:
    """Send the letters again; return the exit status.

    Raises:
        JournalLocked: a service runs.
    """
    from hiq.journal.files import Files
    from hiq.journal.folder import Folder

    folder = Folder(settings.journal_path, Files())
    folder.acquire()
    try:
        summary = asyncio.run(_resend(settings, sinks, patience_s))
    finally:
        folder.release()
    if as_json:
        click.echo(json.dumps(summary))
    else:
        for name, found in summary.items():
            text = " ".join(f"{key}={value}" for key, value in found.items())
            click.echo(f"{name}: {text}")
    return 1 if any(found["left"] for found in summary.values()) else 0


async def _resend(
    settings: Settings, sinks: list[SinkSettings], patience_s: float
) -> dict[str, dict[str, int | str]]:
    from hiq.sink import make

    summary: dict[str, dict[str, int | str]] = {}
    for one in sinks:
        bar = Bar()
        letters = letters_of(settings.data_dir, one.name)
        sink = make(one, data_dir=settings.data_dir)
        await sink.start()
        try:
            round_ = _Round(letters, Target(sink, one.schema, patience_s=patience_s))
            summary[one.name] = await round_.run(bar)
        finally:
            bar.end()
            await sink.close()
    return summary


class _Round:
    """One pass over the letters of one sink."""

    def __init__(self, letters: DeadLetters, target: Target) -> None:
        self._letters = letters
        self._target = target
        self._left: list[DeadLetter] = []
        self._sent = 0

    async def run(self, bar: Bar) -> dict[str, int | str]:
        """Send all, keep what is left, return the counts; show how far it has come."""
        part: list[DeadLetter] = []
        size = 0
        for letter in self._letters.read():
            part.append(letter)
            size += len(letter.line)
            if len(part) == BATCH_LINES or size >= BATCH_BYTES:
                await self._send(part)
                part, size = [], 0
                name = self._target.sink.name
                bar.show(None, f"{name}: {self._sent} sent, {len(self._left)} left")
        await self._send(part)
        if self._sent:
            await asyncio.to_thread(self._letters.replace, self._left)
        found: dict[str, int | str] = {"sent": self._sent, "left": len(self._left)}
        if self._target.failed:
            found["failed"] = self._target.failed
        return found

    async def _send(self, part: list[DeadLetter]) -> None:
        """Send some letters; those that are refused, or could not be sent, are left."""
        if not part:
            return
        refused: dict[bytes, str] = {}
        unsent: Counter[bytes] = Counter()
        self._target.on_refused = refused.__setitem__
        self._target.on_unsent = lambda lines: unsent.update(lines.splitlines())
        await self._target.send(b"".join(letter.line + b"\n" for letter in part))
        for letter in part:
            if letter.line in refused:
                words, now = refused[letter.line], time.time()
                again = DeadLetter(letter.line, words, now, letter.sink)
                self._left.append(again)
            elif letter.line in unsent:
                self._left.append(letter)
            else:
                self._sent += 1
