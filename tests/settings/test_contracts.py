"""The section `contracts`: what is declared, and every way to get it wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hiq.errors import ConfigError
from hiq.settings import load
from hiq.settings.contracts_shipped import SHIPPED
from hiq.settings.show import public

GOOD: dict[str, Any] = {
    "name": "mine",
    "match": {"event_types": ["a", "b", "c"]},
    "correlate_by": ["data.id"],
    "steps": [{"event": "a"}, {"event": "b"}, {"event": "c"}],
    "terminal": ["c"],
    "max_gap": "30s",
}


def problems(folder: Path, section: Any) -> list[str]:
    """Return what is said about a section."""
    path = folder / "hiq.yaml"
    path.write_text(yaml.safe_dump({"contracts": section}), encoding="utf-8")
    try:
        load(path, env={})
    except ConfigError as exc:
        return [f"{problem.key}: {problem.message}" for problem in exc.problems]
    return []


def test_a_list_stands_for_its_chains(tmp_path: Path) -> None:
    """Names of contracts that come with hiq, and declarations, side by side."""
    path = tmp_path / "hiq.yaml"
    section = [*SHIPPED, GOOD]
    path.write_text(yaml.safe_dump({"contracts": section}), encoding="utf-8")
    found = load(path, env={}).contracts
    names = [one["name"] for one in found.chains]
    assert names == [*SHIPPED, "mine"]
    assert found.chains[-1]["max_gap"] == 30.0
    assert found.points


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    """`hiq config show` writes contracts that mean the same."""
    path = tmp_path / "hiq.yaml"
    path.write_text("contracts: [ha_automation, agent_run]", encoding="utf-8")
    first = load(path, env={})
    path.write_text(yaml.safe_dump(public(first)), encoding="utf-8")
    assert load(path, env={}).contracts == first.contracts


def test_without_the_section_there_are_none(tmp_path: Path) -> None:
    """Nothing is watched unless it is said."""
    for text in ("", "contracts:", "contracts: []", "contracts: {chains: []}"):
        path = tmp_path / "hiq.yaml"
        path.write_text(text, encoding="utf-8")
        assert load(path, env={}).contracts.chains == ()


def test_the_environment_can_name_them() -> None:
    """As any other setting."""
    found = load(env={"HIQ_CONTRACTS__CHAINS": "[ha_automation]"})
    assert [one["name"] for one in found.contracts.chains] == ["ha_automation"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stepz": []}, "stepz: unknown key (did you mean steps?)"),
        ({"name": None}, "name: missing"),
        ({"name": "a b"}, "name: expected letters, digits, _ and -, got 'a b'"),
        ({"correlate_by": ["id"]}, "expected a path such as data.run_id, context.id"),
        ({"correlate_by": []}, "correlate_by: expected at least one path"),
        ({"steps": []}, "steps: expected a list, got a list"),
        ({"steps": [{"event": "d"}]}, "steps: d is not in match.event_types"),
        ({"steps": [{"event": "a"}, {"event": "a"}]}, "goes round in a circle"),
        ({"opens_with": "b"}, "opens_with: b is not the first step"),
        ({"terminal": ["a"]}, "a begins a chain, so it cannot end"),
        ({"terminal": None}, "terminal: nothing ends a chain"),
        ({"max_gap": None}, "max_gap: a chain could stay open for ever"),
        ({"max_gap": "0s"}, "expected a duration above 0"),
        ({"complete_after_idle": "1m"}, "max_gap: is not above complete_after_idle"),
        ({"alternatives": [["a", "c"]]}, "alternatives: the step b is in none of them"),
        ({"alternatives": [["b", "c"]]}, "begins with b, but a chain opens with a"),
        ({"alternatives": [["a", "b"]]}, "ends with b, which is not terminal"),
        ({"alternatives": [["a", "x", "c"]]}, "alternatives[0]: x is no step"),
        ({"alternatives": [["a", "b", "b", "c"]]}, "alternatives[0]: b is there twice"),
        ({"interleave": ["x"]}, "interleave: x is no step"),
        ({"max_open": {"b": "1s"}}, "max_open: b is opens no pair"),
        ({"min_duration": {"x": "1s"}}, "min_duration: x is not in match.event_types"),
        ({"on_violation": "reprt"}, "(did you mean report?)"),
        ({"pairs": [{"open": "b", "close": "b", "key": ["data.k"]}]}, "close itself"),
        ({"pairs": [{"open": "b"}]}, "pairs[0].close: missing"),
    ],
)
def test_what_does_not_go_together_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """With the key, and what to do."""
    given = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    found = problems(tmp_path, [given])
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("contracts.chains[0]") for problem in found)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Of several contracts, each with its place."""
    found = problems(tmp_path, ["ha_automatin", {**GOOD, "steps": 3}, GOOD, GOOD])
    assert len(found) == 3
    assert "did you mean ha_automation?" in found[0]
    assert "'mine' is there twice" in found[2]
