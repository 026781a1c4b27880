"""Whether the recorder reaches back: asked with answers that may be too long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hiq.errors import ProtocolError
from hiq.repair.convert import Converted
from hiq.repair.filling import PROBE_US, Filling
from hiq.repair.keys import Keys
from hiq.repair.state import Hole
from hiq.stats import Stats

BEGIN_US = 10**15


class Recorder:
    """Has nothing in the minutes before the hole, and in the day too much to say."""

    answer_bytes = 10

    def __init__(self, code: int) -> None:
        self._code = code
        self.reopened = 0

    async def rows(self, _ids: Any, after_us: int, until_us: int) -> dict[str, Any]:
        """Return none, or break off."""
        if until_us - after_us > 2 * PROBE_US[0]:
            raise ProtocolError("too long", close_code=self._code)
        return {}

    async def reopen(self) -> None:
        """Take note of it."""
        self.reopened += 1


async def fill(history: Any) -> Hole:
    """Fill a hole of a minute."""
    hole = Hole(
        number=1,
        cause="disconnected",
        gaps=[1],
        after_us=BEGIN_US,
        until_us=BEGIN_US + 60_000_000,
        done_us=BEGIN_US,
    )

    async def nothing(*_args: Any) -> int:
        return 0

    parts: Any = SimpleNamespace(
        settings=SimpleNamespace(window=3600, rate=1e9),
        journal=SimpleNamespace(scout=lambda _: SimpleNamespace(end=1)),
        schemas=["ha"],
        writer=SimpleNamespace(write=nothing),
        executor=None,
    )
    converter: Any = SimpleNamespace(convert=lambda _: Converted())
    filling = Filling(
        *(parts, Stats(), hole, Keys()),
        partial=Keys(),
        tick=nothing,  # type: ignore[arg-type]
        progress=nothing,  # type: ignore[arg-type]
        tick_s=10,
    )
    await filling.run(history, converter, ["sensor.a"])
    return hole


async def test_an_answer_that_is_too_long_has_rows() -> None:
    """Else the same question would be asked for ever, and no hole filled."""
    history = Recorder(1009)
    hole = await fill(history)
    assert hole.probed
    assert (hole.done_us, hole.missing) == (hole.until_us, "")
    assert history.reopened == 1


async def test_another_end_of_the_connection_is_told() -> None:
    """Only the length of an answer says that there are rows."""
    with pytest.raises(ProtocolError):
        await fill(Recorder(1002))
