"""`hiq record`: frames of a live Home Assistant, as they came, into a file.

One WebSocket text message per line, the form that `hiq convert` and `hiq replay` read.
Only frames that carry events are written: log-in, configuration and registry are
neither asked for nor kept. It knows no pipeline, no journal and no sink.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import lzma
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click
import msgspec

from hiq.cli.options import config_option, json_option
from hiq.ha import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hiq.ha.feed import Payload
    from hiq.ha.states import ConnectionState
    from hiq.settings import Settings
    from hiq.stats import Stats

__all__ = ["Recorder", "command", "created", "record"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one frame, in the form that ingest counts."""

    events: int = 0
    points: int = 0
    rejected: int = 0
    passed: Sequence[bytes] = ()
    filtered: int = 0
    skipped: int = 0
    duplicates: int = 0
    full: bool = False


class Recorder:
    """Stands where the pipeline stands in the service, and writes frames.

    - A frame without an event is not written; one with an event is, whole.
    - When writing fails, `error` is set, `on_error` is called, nothing more is written.
    """

    def __init__(self, out: BinaryIO, on_error: Callable[[], object]) -> None:
        self._out = out
        self._on_error = on_error
        self.frames = 0
        self.events = 0
        self.bytes = 0
        self.error: OSError | None = None

    def feed(self, frame: Payload, snapshot: bool = False) -> Recorded:
        """Take one text message."""
        del snapshot  # states at connect are not asked for
        try:
            pieces = [bytes(piece) for piece in messages.split(frame)]
            passed = [piece for piece in pieces if not _is_event(piece)]
        except msgspec.DecodeError:
            return Recorded(rejected=1)
        events = len(pieces) - len(passed)
        if events and self.error is None:
            self._write(bytes(frame), events)
        return Recorded(events=events, points=events, passed=passed)

    def set_tags(self, entity_id: str, tags: Mapping[str, str] | None) -> None:
        """Nothing to do: a recording has no tags."""

    def _write(self, frame: bytes, events: int) -> None:
        """Write one line; a line break in JSON is white space, so it may go."""
        try:
            self._out.write(frame.replace(b"\n", b" ") + b"\n")
        except OSError as exc:
            self.error = exc
            self._on_error()
            return
        self.frames += 1
        self.events += events
        self.bytes += len(frame) + 1


def _is_event(message: bytes) -> bool:
    """Whether a message is an event of the subscription."""
    return messages.decode_message(message).type == "event"


@contextlib.contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing, packed by its suffix; only the owner may read it.

    Raises:
        OSError: it exists already, or cannot be made.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        match path.suffix:
            case ".xz":
                with lzma.open(file, "wb") as packed:
                    yield cast("BinaryIO", packed)
            case ".gz":
                with gzip.open(file, "wb") as packed:
                    yield cast("BinaryIO", packed)
            case _:
                yield file


async def record(
    settings: Settings, out: BinaryIO, seconds: float | None, stats: Stats
) -> Recorder:
    """Record until the time is over, a signal comes, or it is of no use.

    It is of no use when every token is refused or the file cannot be written.
    """
    from hiq.ingest import Ingest

    stop = asyncio.Event()
    recorder = Recorder(out, stop.set)

    def changed(state: ConnectionState) -> None:
        del state
        if stats.ha.auth_failed:
            stop.set()

    ingest = Ingest(
        settings.home_assistant,
        recorder,
        stats,
        on_data=lambda: None,
        on_state=changed,
        synchronise=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(ingest.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        refused = stats.ha.auth_failed
        await ingest.stop()
    stats.ha.auth_failed = refused
    return recorder


EXAMPLES = """\b
Examples:
  hiq record home.ndjson.xz                  until Ctrl-C
  hiq record --seconds 3600 home.ndjson.gz   one hour
  hiq record home.ndjson && hiq convert home.ndjson
"""


@click.command("record", epilog=EXAMPLES)
@config_option
@json_option
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="End by itself."
)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
def command(
    config: Path | None, as_json: bool, seconds: float | None, output: Path
) -> int:
    """Record frames from Home Assistant into the new file OUTPUT.

    The frames are written as they come, one per line; a suffix .xz or .gz packs them.
    Tokens are never in it, but it tells what happens in your home: think before you
    give it away. When the connection is lost it is made again; what happened meanwhile
    is missing.
    """
    from hiq import log
    from hiq.cli.options import load_settings, require_home_assistant
    from hiq.stats import Stats

    if str(output) == "-":
        raise click.UsageError("OUTPUT is a file; a recording does not go to stdout")
    settings = load_settings(config)
    require_home_assistant(settings)
    log.setup(settings.log)
    stats = Stats()
    try:
        with created(output) as out:
            recorder = asyncio.run(record(settings, out, seconds, stats))
    except OSError as exc:
        raise click.UsageError(f"{output}: {exc.strerror or exc}") from exc
    summary = {
        "frames": recorder.frames,
        "events": recorder.events,
        "bytes": recorder.bytes,
        "losses": stats.ha.reconnects.total(),
        "output": str(output),
    }
    if as_json:
        click.echo(json.dumps(summary))
    else:
        words = " ".join(f"{name}={value}" for name, value in summary.items())
        click.echo(f"recorded {words}", err=True)
    if recorder.error is not None:
        click.echo(f"error: {output}: {recorder.error.strerror}", err=True)
        return 1
    if stats.ha.connects == 0:
        click.echo(f"error: {stats.ha.last_error or 'no connection'}", err=True)
        return 2 if stats.ha.auth_failed else 1
    return 0
