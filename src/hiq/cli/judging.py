"""Contracts by name for a command, and what they find wrong, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from hiq.assure.contracts import Violation
    from hiq.contracted.recorded import RecordedContracts
    from hiq.settings import Settings

__all__ = ["judge_of", "tell"]


def judge_of(settings: Settings, names: tuple[str, ...]) -> RecordedContracts | None:
    """Return what judges by these contracts; UsageError if there is none of a name."""
    from hiq.contracted.recorded import RecordedContracts
    from hiq.settings.contracts import declared

    if not names:
        return None
    found = []
    for name in names:
        one = declared(name, settings.contracts.chains)
        if one is None:
            raise click.UsageError(f"there is no contract {name}")
        found.append(one)
    return RecordedContracts(found)


def tell(violations: Iterable[Violation], counts: Counter[str]) -> None:
    """Tell what is wrong; a warning is not counted."""
    for one in violations:
        counts["violations"] += not one.is_warning
        where = f"{one.contract} {one.correlation}"
        click.echo(f"{where}: {one.code}: {one.message}", err=True)
