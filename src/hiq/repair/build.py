"""Puts the parts of repair together for one running service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.discovery.cache import Cache
from hiq.repair.memory import Parts, digest
from hiq.repair.repairer import Repairer
from hiq.repair.state import Folder
from hiq.repair.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from hiq.journal.journal import Journal
    from hiq.settings.schema import Settings
    from hiq.stats import Stats

__all__ = ["FOLDER", "make_repairer"]

FOLDER = "backfill"


def make_repairer(
    settings: Settings,
    journal: Journal,
    stats: Stats,
    *,
    journal_thread: Executor,
    threads: Executor,
    committed: Callable[[], object],
    met: Callable[[int], Sequence[str]],
    clock: Callable[[], float],
) -> Repairer:
    """Return the part that fills holes, not opened.

    Args:
        settings: all of them.
        journal: gets what is restored, and is read.
        stats: the counters, and the ledger of gaps.
        journal_thread: where the journal is written.
        threads: where files are read.
        committed: called when something was journaled.
        met: returns the entities that the pipeline knows, from a number on.
        clock: Unix seconds.
    """
    options = {k: v for k, v in settings.pipeline_options.items() if k != "schema"}
    writer = Writer(
        journal,
        stats,
        executor=journal_thread,
        committed=committed,
    )
    parts = Parts(
        settings=settings.backfill,
        options=options,
        schemas=settings.schemas,
        digest=digest(
            settings.pipeline_options, [sink.name for sink in settings.sinks]
        ),
        folder=Folder(settings.data_dir / FOLDER),
        journal=journal,
        writer=writer,
        executor=threads,
        first_ids=lambda: Cache(settings.data_dir).load_renames().first_ids,
        met=met,
    )
    return Repairer(parts, stats, clock=clock)
