"""Long-term statistics of Home Assistant as points of a measurement of their own.

They reach further back than the recorder, have one row per hour and another meaning
than a state: so never the series of the states. Series: `hiq_statistics` with the
tags domain, entity_id and unit; fields: mean, min, max, state, sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from hiq.ha.commands import Command
from hiq.ha.history_rows import iso

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from hiq.ha.history import History

__all__ = ["MEASUREMENT", "line", "statistics"]

MEASUREMENT: Final = "hiq_statistics"
FIELDS: Final = ("mean", "min", "max", "state", "sum")
SPAN_US: Final = 30 * 86_400 * 1_000_000
GROUP: Final = 25


class _Id(Struct, frozen=True):
    """One entry of `recorder/list_statistic_ids`."""

    statistic_id: str
    statistics_unit_of_measurement: str | None = None


class _Row(Struct, frozen=True):
    """One hour; `start` in milliseconds."""

    start: float
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    state: float | None = None
    sum: float | None = None


_IDS = msgspec.json.Decoder(list[_Id])
_ROWS = msgspec.json.Decoder(dict[str, list[_Row]])


async def statistics(
    history: History,
    chosen: Callable[[str], bool],
    start_us: int,
    end_us: int,
) -> AsyncIterator[tuple[bytes, int]]:
    """Yield lines and how many, of the hours in `start_us <= begin < end_us`."""
    ids = _IDS.decode(await history.ask(Command.STATISTIC_IDS))
    units = {
        one.statistic_id: one.statistics_unit_of_measurement or ""
        for one in ids
        if chosen(one.statistic_id)
    }
    names = sorted(units)
    for at in range(0, len(names), GROUP):
        group = names[at : at + GROUP]
        for begin_us in range(start_us, end_us, SPAN_US):
            rows = await _ask(history, group, begin_us, min(begin_us + SPAN_US, end_us))
            lines = [
                line(name, units[name], row)
                for name in sorted(rows)
                for row in rows[name]
                if begin_us <= row.start * 1000 < min(begin_us + SPAN_US, end_us)
            ]
            found = [text for text in lines if text]
            if found:
                yield b"".join(found), len(found)


def line(statistic_id: str, unit: str, row: _Row) -> bytes:
    """Return the line of one hour; empty if it has no value.

    Imported statistics are named `source:name`, those of entities `domain.name`.
    """
    values = [
        f"{name}={value!r}"
        for name in FIELDS
        if (value := getattr(row, name)) is not None
    ]
    if not values:
        return b""
    separator = "." if "." in statistic_id.partition(":")[0] else ":"
    domain, _, name = statistic_id.partition(separator)
    tags = {"domain": domain, "entity_id": name, "unit": unit}
    series = ",".join(
        [MEASUREMENT, *(f"{k}={_escaped(v)}" for k, v in tags.items() if v)]
    )
    return f"{series} {','.join(values)} {int(row.start) * 1_000_000}\n".encode()


async def _ask(
    history: History, names: Sequence[str], start_us: int, end_us: int
) -> dict[str, list[_Row]]:
    result = await history.ask(
        Command.STATISTICS,
        start_time=iso(start_us),
        end_time=iso(end_us),
        statistic_ids=list(names),
        period="hour",
        types=list(FIELDS),
    )
    return _ROWS.decode(result)


def _escaped(text: str) -> str:
    for sign in (",", "=", " "):
        text = text.replace(sign, f"\\{sign}")
    return text.rstrip("\\")
