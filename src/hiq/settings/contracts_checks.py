"""What a declared chain must be besides well written: its parts go together.

Pure: a declaration in, complaints out, each with the key that it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiq.settings.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["check"]


def check(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and complaint for everything that does not go together."""
    events = [step["event"] for step in given["steps"]]
    types = given["match"]["event_types"]
    opens = given.get("opens_with", events[0])
    terminal = given.get("terminal", ())
    yield from _known("steps", events, types, "not in match.event_types")
    yield from _known("terminal", terminal, types, "not in match.event_types")
    yield from _known("opens_with", [opens], events, "no step")
    yield from _known("interleave", given.get("interleave", ()), events, "no step")
    yield from _cycle("steps", events)
    if opens in {*terminal, *given.get("interleave", ())}:
        yield "opens_with", f"{opens} begins a chain, so it cannot end or interleave it"
    if not given["correlate_by"]:
        yield "correlate_by", "expected at least one path"
    yield from _orders(given, events, opens, terminal)
    yield from _parts(given, events, types)
    yield from _ends(given)


def _orders(
    given: Mapping[str, Any],
    events: Collection[str],
    opens: str,
    terminal: Collection[str],
) -> Iterator[tuple[str, str]]:
    alternatives = given.get("alternatives", ())
    if not alternatives:
        if next(iter(events)) != opens:
            yield "opens_with", f"{opens} is not the first step"
        return
    for number, order in enumerate(alternatives):
        key = f"alternatives[{number}]"
        yield from _known(key, order, events, "no step")
        yield from _cycle(key, order)
        if order[0] != opens:
            yield key, f"begins with {order[0]}, but a chain opens with {opens}"
        if terminal and order[-1] not in terminal:
            yield key, f"ends with {order[-1]}, which is not terminal"
    used = {*given.get("interleave", ())}.union(*alternatives)
    for event in events:
        if event not in used:
            yield "alternatives", f"the step {event} is in none of them"


def _parts(
    given: Mapping[str, Any], events: Collection[str], types: Collection[str]
) -> Iterator[tuple[str, str]]:
    pairs = given.get("pairs", ())
    for number, pair in enumerate(pairs):
        key = f"pairs[{number}]"
        yield from _known(key, (pair["open"], pair["close"]), events, "no step")
        if pair["open"] == pair["close"]:
            yield key, f"{pair['open']} cannot close itself"
        if not pair["key"]:
            yield key, "expected at least one path in key"
    for number, one in enumerate(given.get("answers", ())):
        key = f"answers[{number}]"
        yield from _known(key, (one["ask"], one["answer"]), events, "no step")
        if one["ask"] == one["answer"]:
            yield key, f"{one['ask']} cannot answer itself"
        if not one["each"] or not one["key"]:
            yield key, "expected at least one path in each and in key"
    opened = [pair["open"] for pair in pairs]
    yield from _known("max_open", given.get("max_open", ()), opened, "opens no pair")
    durations = given.get("min_duration", ())
    yield from _known("min_duration", durations, types, "not in match.event_types")


def _ends(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    idle = "complete_after_idle" in given
    if not given.get("terminal") and not idle:
        yield "terminal", "nothing ends a chain; set terminal or complete_after_idle"
    if not {"complete_after_idle", "max_gap", "max_total"} & given.keys():
        yield "max_gap", "a chain could stay open for ever; set max_gap or max_total"
    if idle and given.get("max_gap", float("inf")) <= given["complete_after_idle"]:
        yield "max_gap", "is not above complete_after_idle, so nothing could complete"


def _known(
    key: str, names: Iterable[str], known: Collection[str], what: str
) -> Iterator[tuple[str, str]]:
    for name in names:
        if name not in known:
            yield key, f"{name} is {what}{did_you_mean(name, known)}"


def _cycle(key: str, events: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for event in events:
        if event in seen:
            yield key, f"{event} is there twice, so the order goes round in a circle"
        seen.add(event)
