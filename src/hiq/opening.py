"""Opens the journal at the start: what cannot be had becomes a ConfigError.

It names the setting that leads there. It must not know what the journal is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.errors import ConfigError, JournalError, Problem
from hiq.journal.journal import Journal
from hiq.losses import note_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.settings.schema import Settings
    from hiq.stats import Stats

__all__ = ["open_journal"]


def open_journal(
    settings: Settings, stats: Stats, clock: Callable[[], float]
) -> Journal:
    """Open the journal of these settings; its losses become gaps in the ledger.

    Raises:
        ConfigError: the folder cannot be written, or belongs to another process.
    """
    path = settings.journal_path
    try:
        path.mkdir(parents=True, exist_ok=True)
        return Journal.open(
            path,
            settings.journal,
            stats.journal,
            clock=clock,
            on_loss=note_in(stats.gaps, clock),
        )
    except (OSError, JournalError) as exc:
        text = (
            str(exc)
            if isinstance(exc, JournalError)
            else f"{path} cannot be written: {exc.strerror or exc}"
        )
        key = "journal.path" if settings.journal.path else "data_dir"
        where = settings.source or "settings"
        raise ConfigError(Problem(where, 0, key, text)) from exc
