"""The sections `contracts` and `validation`: chains of events, declared or shipped.

Reads a declaration and says all that is wrong with it at once: unknown keys, steps
that nothing names, orders that go round in a circle, chains that could stay open for
ever. It does not know how chains are followed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from hiq.settings.contracts_checks import check
from hiq.settings.contracts_shipped import SHIPPED
from hiq.settings.document import Node, Reader
from hiq.settings.nearest import did_you_mean
from hiq.settings.rows import Row
from hiq.settings.values import (
    BOOLEAN,
    DURATION,
    TEXT,
    Kind,
    Problems,
    choice,
    fields,
    got,
    integer,
    say,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "ANSWER",
    "CHAIN",
    "CONTRACTS",
    "MATCH",
    "PAIR",
    "STEP",
    "VALIDATION",
    "declared",
    "section_of",
]

MOST_CONTRACTS: Final = 50
MOST_ITEMS: Final = 50
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
EVENT: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
PATH: Final = re.compile(r"data(\.[^.\s]+)+|context\.(id|parent_id|user_id)|origin")


def _event_problem(text: str) -> str | None:
    return None if EVENT.fullmatch(text) else "expected the name of an event type"


def _path_problem(text: str) -> str | None:
    if PATH.fullmatch(text):
        return None
    return "expected a path such as data.run_id, context.id or origin"


def _event(node: Node, key: str, problems: Problems) -> Any:
    value = TEXT.read(node, key, problems)
    if value is UNSET:
        return UNSET
    wrong = _event_problem(value)
    return say(problems, node, key, f"{wrong}, got {got(node)}") if wrong else value


def _limit(node: Node, key: str, problems: Problems) -> Any:
    value = DURATION.read(node, key, problems)
    if value is UNSET or 0 < value <= 366 * 86_400:
        return value
    wanted = "expected a duration above 0 and of a year at the most"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


def _by_name(kind: Kind) -> Kind:
    """Return the kind of mappings of names to values of a kind."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, dict):
            return say(problems, node, key, f"expected `name: value`, got {got(node)}")
        return fields(node, key, dict.fromkeys(node.value, kind), problems)

    return Kind("mapping", read)


def _list_of(read_item: Callable[[Node, str, Problems], Any], name: str) -> Kind:
    """Return the kind of lists of such items, of which there must be one."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, list) or not node.value:
            return say(problems, node, key, f"expected a list, got {got(node)}")
        if len(node.value) > MOST_ITEMS:
            return say(problems, node, key, f"expected at most {MOST_ITEMS} items")
        found = [
            read_item(item, f"{key}[{number}]", problems)
            for number, item in enumerate(node.value)
            if not item.bad
        ]
        return found if len(found) == len(node.value) and UNSET not in found else UNSET

    return Kind(name, read)


def _mapping(
    rows: Mapping[str, Row], needed: tuple[str, ...]
) -> Callable[[Node, str, Problems], Any]:
    """Return what reads a mapping of known keys, some of which must be there."""
    kinds = {name: row.kind for name, row in rows.items()}

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, dict):
            return say(problems, node, key, f"expected `key: value`, got {got(node)}")
        before = len(problems)
        found = fields(node, key, kinds, problems)
        for name in needed:
            if name not in node.value:
                say(problems, node, f"{key}.{name}", "missing")
        return found if len(problems) == before else UNSET

    return read


LIMIT = Kind("duration", _limit)
EVENT_TYPE = Kind("text", _event)
EVENTS = _list_of(_event, "list of texts")
PATHS = texts(_path_problem)

MATCH: dict[str, Row] = {
    "event_types": Row(EVENTS, "Types of the events that it is about."),
    "where": Row(
        _by_name(TEXT),
        "Path -> text: only events that say so, as `data.entity_id: sensor.washer`.",
    ),
}
STEP: dict[str, Row] = {
    "event": Row(EVENT_TYPE, "Type of the event."),
    "required": Row(BOOLEAN, "Whether it must come; default `true`."),
    "repeat": Row(BOOLEAN, "Whether it may come more than once; default `false`."),
}
PAIR: dict[str, Row] = {
    "open": Row(EVENT_TYPE, "Step that opens a pair."),
    "close": Row(EVENT_TYPE, "Step that closes it."),
    "key": Row(PATHS, "Paths; the first that is there tells which pair it is."),
}
ANSWER: dict[str, Row] = {
    "ask": Row(EVENT_TYPE, "Step that names things."),
    "each": Row(PATHS, "Paths of their names, a text or a list."),
    "answer": Row(EVENT_TYPE, "Step that shows that one of them answered."),
    "key": Row(PATHS, "Paths of its name there."),
    "label": Row(PATHS, "Paths that together say what was asked."),
    "within": Row(LIMIT, "How long an answer may take."),
}
CHAIN: dict[str, Row] = {
    "name": Row(TEXT, "Name in logs, metrics and frames."),
    "match": Row(
        Kind("section", _mapping(MATCH, ("event_types",))), "Which events belong to it."
    ),
    "correlate_by": Row(
        PATHS, "Paths; events with the same value are of the same chain."
    ),
    "opens_with": Row(EVENT_TYPE, "Step that begins a chain; default the first."),
    "ignore_unopened": Row(
        BOOLEAN, "Whether events without an open chain are no fault; default `false`."
    ),
    "steps": Row(
        _list_of(_mapping(STEP, ("event",)), "list of steps"), "Steps, in their order."
    ),
    "alternatives": Row(
        _list_of(EVENTS.read, "list of lists"),
        "Valid orders; without it: the steps in order.",
    ),
    "interleave": Row(EVENTS, "Steps that may come anywhere after the first."),
    "pairs": Row(
        _list_of(_mapping(PAIR, ("open", "close", "key")), "list of pairs"),
        "Steps that open, and the steps that close them.",
    ),
    "answers": Row(
        _list_of(
            _mapping(ANSWER, ("ask", "each", "answer", "key", "within")),
            "list of answers",
        ),
        "Things that one step names and that must come back in another.",
    ),
    "terminal": Row(EVENTS, "Events that end a chain; one that is no step, early."),
    "complete_after_idle": Row(LIMIT, "Silence after which a chain is complete."),
    "max_gap": Row(LIMIT, "Longest time between two events."),
    "max_total": Row(LIMIT, "Longest time from the first event to the end."),
    "max_open": Row(
        _by_name(LIMIT),
        "Step -> how long its pair may be open; meanwhile it replaces `max_gap`.",
    ),
    "min_duration": Row(
        _by_name(LIMIT), "Step -> shortest time to the next event; a warning."
    ),
    "on_violation": Row(
        choice("report", "quarantine"),
        "`report` (default), or also keep the last event in the dead letters.",
    ),
}
_READ_CHAIN = _mapping(CHAIN, ("name", "match", "correlate_by", "steps"))


def _chain(node: Node, key: str, problems: Problems) -> Any:
    """Read one item: the name of a contract that comes with hiq, or a declaration."""
    if isinstance(node.value, str):
        return _shipped(node, key, problems)
    found = _READ_CHAIN(node, key, problems)
    if found is UNSET:
        return UNSET
    if not NAME.fullmatch(found["name"]):
        wanted = "expected letters, digits, _ and -"
        return say(problems, node, f"{key}.name", f"{wanted}, got {found['name']!r}")
    before = len(problems)
    for where, message in check(found):
        say(problems, node, f"{key}.{where}", message)
    return found if len(problems) == before else UNSET


def _shipped(node: Node, key: str, problems: Problems) -> Any:
    text = SHIPPED.get(str(node.value))
    if text is None:
        hint = did_you_mean(str(node.value), SHIPPED)
        hint = hint or f"; there are {', '.join(SHIPPED)}"
        wanted = "expected a declaration, or the name of a contract that comes with hiq"
        return say(problems, node, key, f"{wanted}, got {got(node)}{hint}")
    tree = Reader({}).text(text, f"contract {node.value}", Path())
    assert tree is not None, "it comes with hiq"
    return _chain(tree, key, problems)


def _chains(node: Node, key: str, problems: Problems) -> Any:
    """Read the list of contracts; an empty one is none."""
    if node.value is None or node.value == []:
        return ()
    items = node.value if isinstance(node.value, list) else [node]
    if len(items) > MOST_CONTRACTS:
        wanted = f"expected at most {MOST_CONTRACTS} contracts"
        return say(problems, node, key, wanted)
    found = []
    names: set[str] = set()
    for number, item in enumerate(items):
        path = f"{key}[{number}]"
        one = UNSET if item.bad else _chain(item, path, problems)
        if one is UNSET:
            continue
        if one["name"] in names:
            say(problems, item, f"{path}.name", f"{one['name']!r} is there twice")
        names.add(one["name"])
        found.append(one)
    return tuple(found)


CONTRACTS: dict[str, Row] = {
    "chains": Row(
        Kind("list of contracts", _chains),
        "Names of contracts that come with hiq (`ha_automation`, `agent_run`), and "
        "declarations of your own.",
    ),
    "points": Row(
        BOOLEAN,
        "Whether each violation is also a point of the measurement `hiq_contracts`.",
    ),
    "tell": Row(
        choice("nobody", "event", "notification"),
        "Whether Home Assistant is told of each violation: by an event "
        "`hiq_contract_violation`, or a persistent notification for each contract.",
    ),
    "most_open": Row(
        integer(1, 1_000_000), "Most chains of one contract that are followed at once."
    ),
}


def declared(name: str, chains: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return a contract by its name: of these, or one that comes with hiq."""
    for one in chains:
        if one["name"] == name:
            return one
    if name not in SHIPPED:
        return None
    found: dict[str, Any] = _shipped(Node(name, "hiq"), name, [])
    return found


VALIDATION: dict[str, Row] = {
    "level": Row(
        choice("strict", "moderate", "permissive"),
        "What is refused: everything odd, what is wrong, or only what can be no point.",
    ),
}


def section_of(node: Node) -> Node:
    """Return the section as a mapping; a list stands for its chains."""
    if isinstance(node.value, list):
        return Node({"chains": node}, node.where, node.line, "", node.folder)
    return node
