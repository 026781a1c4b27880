"""`hiq convert`: recorded frames to line protocol, offline.

Reads one WebSocket text message per line (plain, xz or gzip, told by its first
bytes), feeds the compiled pipeline and writes the lines; memory is bounded by the
longest line and a fixed buffer. It knows the pipeline and nothing behind it: no
journal, no sink, no network.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from hiq.cli.options import config_option, json_lines_option
from hiq.cli.output import discard
from hiq.words import said_by_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hiq import Pipeline, Verdict

__all__ = ["command", "frames", "opened"]

MAX_FRAME_BYTES = 64 * 1024 * 1024
FLUSH_BYTES = 1024 * 1024
SHOWN_REJECTS = 20
SHOWN_BYTES = 80
COUNTED = ("events", "points", "filtered", "skipped", "rejected")


def opened(source: BinaryIO) -> BinaryIO:
    """Unpack xz or gzip if the first bytes say so; else the stream itself.

    Args:
        source: a buffered binary stream, such as `open(path, "rb")` gives.
    """
    start = source.peek(6)[:6] if hasattr(source, "peek") else b""
    if start == b"\xfd7zXZ\x00":
        import lzma

        return cast("BinaryIO", lzma.open(source))
    if start[:2] == b"\x1f\x8b":
        import gzip

        return cast("BinaryIO", gzip.open(source))
    return source


def damage() -> tuple[type[Exception], ...]:
    """Return what reading a packed file that is cut or broken can raise."""
    import lzma
    import zlib

    return (EOFError, OSError, lzma.LZMAError, zlib.error)


def frames(source: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield line number (from 1) and frame; None for one that is too long.

    Empty lines hold no frame. A line of more than 64 MiB is stepped over, it is
    never held in memory.
    """
    number = 0
    while line := source.readline(MAX_FRAME_BYTES + 1):
        number += 1
        if len(line) > MAX_FRAME_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = source.readline(MAX_FRAME_BYTES)
            yield number, None
            continue
        frame = line.strip(b" \t\r\n")
        if frame:
            yield number, frame


class Conversion:
    """One run: counters, what was refused, and the output.

    Args:
        pipeline: makes the lines.
        out: takes them.
        form: what becomes of lines before they go out.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        out: BinaryIO,
        form: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.out = out
        self.form = form
        self.counts: Counter[str] = Counter()
        self.told = 0

    def run(self, source: BinaryIO) -> None:
        """Convert everything; lines go out as soon as a buffer is full."""
        for number, frame in frames(source):
            self.counts["frames"] += 1
            if frame is None:
                self.counts["rejected"] += 1
                self.tell(number, "FRAME_TOO_LONG", b"")
                continue
            verdict = self.pipeline.feed(frame)
            self.count(number, verdict)
            if verdict.full or self.pipeline.buffered_bytes >= FLUSH_BYTES:
                self.write()

    def write(self) -> None:
        """Write the lines that there are."""
        lines = self.pipeline.take()
        self.out.write(lines if self.form is None else self.form(lines))

    def flush(self) -> None:
        """Write what is left."""
        self.write()
        self.out.flush()

    def count(self, number: int, verdict: Verdict) -> None:
        """Add one verdict; say what was refused."""
        for name in COUNTED:
            self.counts[name] += getattr(verdict, name)
        self.counts["passed"] += len(verdict.passed)
        if verdict.rejected and self.told < SHOWN_REJECTS:
            for reason, sample in self.pipeline.rejects()[-verdict.rejected :]:
                self.tell(number, reason, sample)

    def tell(self, number: int, reason: str, sample: bytes) -> None:
        """Say on stderr why a line, or an event of it, was refused; bounded."""
        if self.told >= SHOWN_REJECTS:
            return
        self.told += 1
        shown = sample[:SHOWN_BYTES].decode(errors="replace")
        click.echo(f"line {number}: {reason}: {shown!r}", err=True)

    def summary(self) -> str:
        """The counters as one JSON object; says first what was not shown."""
        hidden = self.counts["rejected"] - self.told
        if hidden > 0:
            click.echo(f"{hidden} more rejected, not shown", err=True)
        names = ("frames", *COUNTED, "passed")
        return json.dumps({name: self.counts[name] for name in names})


def pipeline_for(options: dict[str, Any]) -> Pipeline:
    """Make the pipeline; what it cannot use is a usage error, exit status 2."""
    from hiq import Pipeline

    try:
        return Pipeline(options)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc


EXAMPLES = """\b
Examples:
  hiq convert frames.ndjson.xz > points.txt
  hiq convert --config hiq.yaml --strict frames.ndjson
  xzcat frames.ndjson.xz | hiq convert -
  hiq convert --json frames.ndjson.xz | jq -r .tags.entity_id
"""


@click.command("convert", epilog=EXAMPLES)
@config_option
@click.option(
    "--schema",
    type=click.Choice(("ha", "homeiq", "tidy")),
    default="ha",
    show_default=True,
    help="Form of the points.",
)
@json_lines_option
@click.option("--strict", is_flag=True, help="Exit 1 if anything was rejected.")
@click.argument("source", metavar="[INPUT|-]", type=click.File("rb"), default="-")
def command(
    config: Path | None, *, schema: str, as_json: bool, strict: bool, source: BinaryIO
) -> int:
    """Turn recorded frames into line protocol, or into JSON.

    INPUT holds one WebSocket text message per line, as `hiq record` writes it; it may
    be packed with xz or gzip. Lines go to stdout; the last line on stderr is one JSON
    object with the counts.
    """
    from hiq.cli.options import load_settings
    from hiq.cli.pointrows import json_lines

    settings = load_settings(config)
    options = {**settings.point_options, "schema": schema}
    form = json_lines if as_json else None
    run = Conversion(pipeline_for(options), sys.stdout.buffer, form)
    broken: Exception | None = None
    try:
        try:
            run.run(opened(source))
        except BrokenPipeError:
            raise
        except damage() as exc:
            broken = exc
        run.flush()
    except OSError as exc:
        # The reader of stdout has gone, or the disk behind it is full; nothing may
        # be written at exit either.
        discard()
        broken = exc
    if broken is not None:
        click.echo(f"stopped early: {said_by_system(broken)}", err=True)
    click.echo(run.summary(), err=True)
    return 1 if broken is not None or (strict and run.counts["rejected"]) else 0
