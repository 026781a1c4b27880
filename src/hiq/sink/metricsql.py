"""What VictoriaMetrics is asked about an entity, and whose field a metric is.

Every field is a metric, named measurement, `_`, field, so both parts are guessed from
all names that one entity has. Text in, text out: it knows no socket and no answer.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SHIFT_S",
    "STATES",
    "after",
    "anyone",
    "fields_of",
    "newest",
    "several",
    "whose",
]

HOMEIQ: Final = "home_assistant_events"
"""The one measurement of schema `homeiq`; its names hold those of the other schemas."""
HOMEIQ_FIELDS: Final = ("state_numeric", "state_value")
FIELDS: Final = ("value", "state")
STATES: Final = ".+_(value|state|state_numeric|state_value)"
"""Pattern of the names that may be an entity's state."""
SHIFT_S: Final = 86_400
"""The server repeats the last points of whatever ends within its
`-search.latencyOffset` (30 s) of now. So it is asked a day earlier for what is a day
later."""
GATHERED: Final = (
    ("sum", "sum", "sum_over_time"),
    ("count", "sum", "count_over_time"),
    ("low", "min", "min_over_time"),
    ("high", "max", "max_over_time"),
    ("last", "max", "tlast_over_time"),
)


def fields_of(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return measurement and field of those metrics of one entity that are its state.

    `°C_max_value` is the attribute `max_value` where `°C_value` or `°C_state` is there
    too, else the `value` of a measurement `°C_max`.
    """
    guessed: list[tuple[str, str, str]] = []
    for name in names:
        ours = name.removeprefix(f"{HOMEIQ}_")
        if ours != name:
            if ours in HOMEIQ_FIELDS or ours in FIELDS:
                guessed.append((name, HOMEIQ, ours))
            continue
        measurement, _, field = name.rpartition("_")
        if measurement and field in FIELDS:
            guessed.append((name, measurement, field))
    measurements = {measurement for _, measurement, _ in guessed}
    return {
        name: (measurement, field)
        for name, measurement, field in guessed
        if not any(measurement.startswith(f"{other}_") for other in measurements)
    }


def whose(entity_id: str, place: str, names: str) -> list[str]:
    """Return selectors of one entity's metrics whose names fit a pattern.

    The label `entity_id` is the whole id, or the part behind the label `domain`. None
    for an empty id: an empty label would select what has none.
    """
    if not entity_id:
        return []
    found = [_select(names, place, f"entity_id={_text(entity_id)}")]
    domain, _, name = entity_id.partition(".")
    if domain and name:
        split = f"domain={_text(domain)}", f"entity_id={_text(name)}"
        found.append(_select(names, place, *split))
    return found


def several(texts: Iterable[str]) -> str:
    """Return a pattern that fits these texts and no other one."""
    return "|".join(re.escape(text) for text in texts)


def after(selectors: Iterable[str], window_ms: int, *, by_name: bool) -> str:
    """Return the query for sum, count, low and high of a window, `SHIFT_S` later.

    The label `of` of the answer says which it is; by names there is also the last time.
    """
    chosen = tuple(selectors)
    by = "of, __name__" if by_name else "of"
    parts = [
        f"{gather}({_each(function, label, chosen, window_ms)}) by ({by})"
        for label, gather, function in (GATHERED if by_name else GATHERED[:4])
    ]
    return f"union({', '.join(parts)})"


def newest(place: str, window_s: int, objects: Iterable[str] = ()) -> str:
    """Return the query for the last time of every entity, or of those with some labels.

    The window ends at the time that is asked for.
    """
    label = "entity_id"
    some = several(objects)
    match = f"{label}=~{_text(some)}" if some else f'{label}!=""'
    return (
        f"max(tlast_over_time({_select(STATES, place, match)}[{window_s}s]) "
        f"keep_metric_names) by (__name__, domain, {label})"
    )


def anyone(place: str) -> str:
    """Return the selector of every metric that may be an entity's state."""
    return _select(STATES, place, 'entity_id!=""')


def _each(function: str, label: str, selectors: Iterable[str], window_ms: int) -> str:
    return ", ".join(
        f"label_set({function}({selector}[{window_ms}ms] offset -{SHIFT_S}s) "
        f'keep_metric_names, "of", "{label}")'
        for selector in selectors
    )


def _select(names: str, place: str, *matches: str) -> str:
    parts = [f"__name__=~{_text(names)}", *matches]
    if place:
        parts.append(f"db={_text(place)}")
    return "{" + ",".join(parts) + "}"


def _text(text: str) -> str:
    """Return a text as the query language writes it: like JSON, without surrogates."""
    return json.dumps(text, ensure_ascii=False)
