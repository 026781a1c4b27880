"""The end of standard output: what a reader that goes away, or a full disk, leads to.

Python itself flushes when the process ends, too late for anything but a complaint of
its own and status 120; so commands flush before. It must not know any command.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["cannot_write", "discard", "finished"]


def discard() -> None:
    """Let what is still buffered, and what is yet written, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def finished(status: int) -> int:
    """Write out what is buffered, and return the status of the command.

    Args:
        status: it, if writing succeeds; else it is at least 1 where the reader has
            gone (`| head` has seen enough: no word about it), 2 where the disk is full.
    """
    stream: TextIO | None = sys.stdout  # None: it was closed before Python began
    if stream is None or stream.closed:
        return status
    try:
        stream.flush()
    except BrokenPipeError:
        discard()
        return status or 1
    except OSError as exc:
        return cannot_write(exc)
    return status


def cannot_write(exc: OSError) -> int:
    """Say so, and that alone, and return the status."""
    discard()
    click.echo(f"error: cannot write: {exc.strerror}", err=True)
    return 2
