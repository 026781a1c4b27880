"""How far something long has come: one line on a terminal, rewritten; else nothing.

It goes to stderr, so that stdout stays for what the command is asked for. It knows
nothing of any command and starts nothing.
"""

from __future__ import annotations

import sys

import click

__all__ = ["Bar"]

WIDTH = 30


class Bar:
    """One line; `end` leaves it standing and goes to the next."""

    def __init__(self) -> None:
        self._length = 0

    def show(self, share: float | None, text: str) -> None:
        """Rewrite the line.

        Args:
            share: of one, how much is done; None if nobody knows how much there is.
            text: what is shown beside it.
        """
        if not sys.stderr.isatty():
            return
        line = text
        if share is not None:
            part = min(1.0, max(0.0, share))
            filled = "#" * int(part * WIDTH)
            line = f"[{filled:.<{WIDTH}}] {part:6.1%}  {text}"
        # A shorter line than before must cover all of it.
        click.echo(f"\r{line:<{self._length}}", nl=False, err=True)
        self._length = len(line)

    def end(self) -> None:
        """Go to the next line, if there is one."""
        if self._length:
            click.echo(err=True)
