# ruff: noqa: INP001  a script that lies beside its pages
"""The tables of errors: exceptions, reasons of refused events, codes for clients."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from hiq import client, errors
from hiq._core.status import Status
from hiq.clients.denied import CODES
from hiq.web.page_routes import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_REFUSED = {"OK", "SKIPPED", "FILTERED", "DUPLICATE"}
EXIT = {"ServiceUnreachable": "3"}
"""Exit status of a command that ends by it, where it is not 2."""


def raised(
    parent: type[errors.HiqError] = errors.HiqError,
) -> Iterator[type[errors.HiqError]]:
    """Yield a class of errors and those below it, parents first."""
    yield parent
    modules = (errors.__name__, client.__name__)
    for kind in sorted(parent.__subclasses__(), key=lambda kind: kind.__name__):
        if kind.__module__ in modules:
            yield from raised(kind)


def exceptions(table: Callable[..., str]) -> str:
    """Return the table of what hiq raises on purpose."""
    return table(
        ("error", "is a", "meaning", "exit status"),
        (
            (
                f"`{kind.__name__}`",
                f"`{kind.__bases__[0].__name__}`",
                inspect.cleandoc(kind.__doc__ or "")
                .split("\n\n")[0]
                .replace("\n", " "),
                EXIT.get(kind.__name__, "2"),
            )
            for kind in raised()
        ),
    )


def reasons(table: Callable[..., str]) -> str:
    """Return the table of why an event or a frame was rejected."""
    return table(
        ("reason", "meaning"),
        (
            (f"`{status.name}`", MEANINGS[status.name])
            for status in Status
            if status.name not in NOT_REFUSED
        ),
    )


def codes(table: Callable[..., str]) -> str:
    """Return the table of what is said to a client that is not let in."""
    return table(
        ("code", "HTTP status", "may try again", "message"),
        (
            (f"`{code}`", str(status), "yes" if retry else "no", message)
            for code, (status, retry, message) in CODES.items()
        ),
    )
