"""`hiq filter`: say which rule decides about an entity. Needs no network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import config_option, json_option, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from hiq._core.decision import Decision
    from hiq.settings import Settings

__all__ = ["command"]

FACTS = {
    "area": ("area_id", "Id of its area."),
    "floor": ("floor_id", "Id of the floor of that area."),
    "label": ("label_ids", "Id of a label; may be given several times."),
    "integration": ("integration", "Integration that made it."),
    "category": ("entity_category", "`config` or `diagnostic`."),
    "platform": ("platform", "Platform in the entity registry."),
}


@click.group("filter")
def command() -> None:
    r"""Say what the filter does; needs no network.

    \b
    Examples:
      hiq filter explain sensor.attic_power
      hiq filter explain sensor.attic_power --device-class power --area attic --json
    """


def _facts(function: Any) -> Any:
    """Add an option for each thing that a rule may ask of the registry."""
    for name, (key, text) in reversed(FACTS.items()):
        function = click.option(
            f"--{name}", key, metavar="ID", multiple=name == "label", help=text
        )(function)
    return function


@command.command("explain")
@click.argument("entity_id", metavar="ENTITY")
@click.option("--device-class", default="", metavar="CLASS", help="Its device class.")
@_facts
@config_option
@json_option
def explain(
    entity_id: str,
    device_class: str,
    config: Path | None,
    *,
    as_json: bool,
    **facts: str | tuple[str, ...] | None,
) -> int:
    r"""Say whether an entity is written, which rule decides, and why.

    The rules are those of the settings. What they ask of the registry is given by
    options; what is not given counts as not known. Exit status 0 if it is written,
    1 if it is left out.

    \b
    Examples:
      hiq filter explain light.kitchen
      hiq filter explain sensor.rssi --device-class signal_strength
      hiq filter explain sensor.fan --area attic --label noisy --json
    """
    from hiq import Pipeline

    settings = load_settings(config)
    tags = {
        key: "|".join(value) if isinstance(value, tuple) else value or ""
        for key, value in facts.items()
    }
    pipeline = Pipeline(settings.pipeline_options)
    decision = pipeline.explain(entity_id.lower(), tags, device_class)
    rule, limit = (_entry(settings, name) for name in (decision.rule, decision.limit))
    if as_json:
        document = {
            "entity_id": entity_id.lower(),
            "accepted": decision.accepted,
            "rule": decision.rule or None,
            "pattern": rule,
            "limit": decision.limit or None,
            "limit_pattern": limit,
            "depends_on_device_class": decision.by_class,
            "reason": _reason(settings, decision),
        }
        click.echo(json.dumps(document, indent=2))
        return 0 if decision.accepted else 1
    rows = [
        ("entity", entity_id.lower()),
        ("written", "yes" if decision.accepted else "no"),
        ("rule", decision.rule or "none matches"),
        ("pattern", json.dumps(rule) if rule else ""),
        ("why", _reason(settings, decision)),
        ("limit", f"{decision.limit} {json.dumps(limit)}" if limit else ""),
    ]
    if decision.by_class:
        rows.append(("note", "with another device class another rule may decide"))
    for name, value in rows:
        if value:
            click.echo(f"{name:<8}  {value}")
    return 0 if decision.accepted else 1


def _entry(settings: Settings, name: str) -> dict[str, Any] | None:
    """Return an entry of the filter by its name, such as `patterns[3]`."""
    section, _, rest = name.partition("[")
    if not rest:
        return None
    found: dict[str, Any] = (settings.filter or {})[section][int(rest[:-1])]
    return found


def _reason(settings: Settings, decision: Decision) -> str:
    """Return one sentence: why it is so."""
    mode = (settings.filter or {}).get("mode", "exclude")
    if not decision.rule:
        if settings.filter is None:
            return "no rule of filter is set, and include and exclude let it pass"
        verb = "passes" if mode == "exclude" else "is left out"
        return f"no pattern and no exception matches, and in mode {mode} that {verb}"
    if decision.rule.startswith("exceptions"):
        return "the first exception that matches lets it pass"
    if decision.rule.startswith("patterns"):
        verb = "leaves it out" if mode == "exclude" else "lets it pass"
        return f"no exception matches; the first pattern that matches {verb}"
    return "include and exclude of the block influxdb leave it out"
