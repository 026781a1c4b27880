"""Which entities repair knows: every one that was ever met, over restarts."""

from __future__ import annotations

from hiq.journal.journal import Entry, Journal
from hiq.packing import compress
from hiq.repair.memory import Memory, Parts
from hiq.repair.state import MAX_NAMES, Folder
from hiq.settings.schema import BackfillSettings, JournalSettings
from hiq.stats import JournalStats


class Setup:
    """A folder, its journal, and the entities of a pipeline."""

    def __init__(self, path):
        self.folder = Folder(path / "backfill")
        self.met = []
        settings = JournalSettings(min_free_bytes=0)
        self.journal = Journal.open(path / "journal", settings, JournalStats())

    def open(self):
        """What repair remembers."""
        parts = Parts(
            settings=BackfillSettings(),
            options={},
            schemas=("ha",),
            digest="d",
            folder=self.folder,
            journal=self.journal,
            writer=None,
            met=lambda first: self.met[first - 1 :],
        )
        return Memory.open(parts, lambda: 1000.0)


def test_what_the_pipeline_meets_is_remembered(tmp_path):
    """Each look learns what is new; the file has it as soon as it is known."""
    setup = Setup(tmp_path)
    memory = setup.open()
    setup.met = ["a.a", "a.b"]
    memory.look()
    setup.met.append("a.c")
    memory.look()
    assert memory.names == setup.folder.load_names() == {"a.a", "a.b", "a.c"}
    setup.met = ["a.d"]  # another run, another pipeline
    memory = setup.open()
    memory.look()
    assert memory.names == setup.folder.load_names() == {"a.a", "a.b", "a.c", "a.d"}
    setup.journal.close()


def test_what_only_the_journal_knows_is_saved(tmp_path):
    """A kill came before its entity was saved: it stays known over the next one."""
    setup = Setup(tmp_path)
    memory = setup.open()
    memory.begin()
    memory.look()
    body = compress(b"m,domain=sensor,entity_id=a v=1 1000000000000\n")
    setup.journal.append([("ha", Entry(body, 1, 10**12, 10**12))])
    memory = setup.open()
    assert memory.names == {"sensor.a"}
    memory.look()
    assert setup.folder.load_names() == {"sensor.a"}
    setup.journal.close()


def test_the_names_have_a_bound(tmp_path):
    """A home that makes up entities for ever does not fill memory and disk."""
    setup = Setup(tmp_path)
    setup.met = [f"a.n{number}" for number in range(MAX_NAMES + 5)]
    memory = setup.open()
    memory.look()
    assert len(memory.names) == len(setup.folder.load_names()) == MAX_NAMES
    setup.journal.close()
