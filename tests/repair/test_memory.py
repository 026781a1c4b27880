"""What repair remembers of holes, while others are added."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from hiq.repair.edge import Edge
from hiq.repair.keys import Keys
from hiq.repair.memory import Memory
from hiq.repair.state import Folder, Hole, State
from hiq.repair.watermark import Watermark

BEGIN_US = 10**15
END_US = BEGIN_US + 60_000_000


def test_a_loss_while_the_end_is_saved_is_a_hole_of_its_own(tmp_path: Any) -> None:
    """The end of the first is from before it: nothing of it would be fetched."""
    journal = SimpleNamespace(hold=lambda *_args: None)
    parts: Any = SimpleNamespace(
        folder=Folder(tmp_path),
        journal=journal,
        schemas=["ha"],
        digest="d",
        met=lambda _: (),
    )
    state = State(complete_us=BEGIN_US, at=1)
    mark = Watermark(state, lambda: (1, {}))
    memory = Memory(parts, state, Keys(), mark, time.time, names=set())
    memory.add("disconnected", 1, memory.begin_us)
    memory.add("disconnected", 2, memory.begin_us)
    first = memory.edge
    assert first is not None
    assert first.gaps == [1, 2]
    memory.closing = first
    memory.add("disconnected", 3, memory.begin_us)
    assert first.after_us is not None
    memory.found(first, first.after_us, Edge(END_US, Keys(), 2))
    memory.closing = None
    second = memory.edge
    assert second is not None
    assert (first.gaps, second.gaps) == ([1, 2], [3])
    assert second.after_us is not None
    memory.found(second, second.after_us, Edge(END_US + 30_000_000, Keys(), 3))
    assert (second.after_us, second.until_us) == (END_US, END_US + 30_000_000)


def test_files_of_holes_that_are_no_more_are_removed(tmp_path: Any) -> None:
    """A disk that was full as one was forgotten leaves no file for ever."""
    folder = Folder(tmp_path / "backfill")
    folder.sweep([])
    holes = [Hole(number=n, cause="stopped", gaps=[n], after_us=1) for n in (1, 2)]
    for hole in holes:
        folder.save_known(hole, Keys())
    folder.save(State(holes=holes[1:]), sync=False)
    folder.sweep(holes[1:])
    left = sorted(path.name for path in folder.path.iterdir())
    assert left == ["known-2.json", "state.json"]
