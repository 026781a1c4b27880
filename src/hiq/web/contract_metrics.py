"""The counts of contracts as families of samples, labelled by contract and code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hiq.web.exposition import Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["contract_families"]

ENDS: Final = ("completed", "interrupted", "evicted")


def contract_families(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Family]:
    """Yield the families of all contracts.

    Args:
        figures: counts of each contract by name; see /health.
    """
    open_ = Family(
        "hiq_contract_chains_open",
        "Chains of events that have begun and not ended.",
        labels=("contract",),
    )
    opened = Family(
        "hiq_contract_chains_opened_total",
        "Chains that have begun.",
        "counter",
        ("contract",),
    )
    ended = Family(
        "hiq_contract_chains_total",
        "Chains that ended without a violation: complete, or unjudged because events "
        "were missed (interrupted) or there were too many (evicted).",
        "counter",
        ("contract", "result"),
    )
    violations = Family(
        "hiq_contract_violations_total",
        "Violations of contracts.",
        "counter",
        ("contract", "code"),
    )
    for name, counts in figures.items():
        open_.add(counts["open"], name)
        opened.add(counts["opened"], name)
        for result in ENDS:
            ended.add(counts[result], name, result)
        for code, count in counts["violations"].items():
            violations.add(count, name, code)
    yield from (open_, opened, ended, violations)
