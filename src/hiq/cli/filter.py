"""`hiq filter`: say which rule decides about an entity. Needs no network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import config_option, json_option, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hiq import Pipeline
    from hiq._core.decision import Decision
    from hiq.discovery.cache import Cached
    from hiq.explaining import Facts
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


MOST_CLASSES = 10


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
    **options: str | tuple[str, ...] | None,
) -> int:
    r"""Say whether an entity is written, which rule decides, and why.

    The rules are those of the settings. Area, floor, labels, integration, category and
    platform are those of the registry as the service read it last (in its data
    folder); options say otherwise, or what is not known. Exit status 0 if it is
    written, 1 if it is left out.

    \b
    Examples:
      hiq filter explain light.kitchen
      hiq filter explain sensor.rssi --device-class signal_strength
      hiq filter explain sensor.fan --area attic --label noisy --json
    """
    import time

    from hiq import Pipeline
    from hiq.discovery.cache import Cache
    from hiq.explaining import Facts

    settings = load_settings(config)
    entity_id = entity_id.lower()
    cached = Cache(settings.data_dir).load(settings.home_assistant.url)
    given = {
        key: "|".join(value) if isinstance(value, tuple) else value
        for key, value in options.items()
        if value
    }
    facts = Facts(
        entity_id,
        _tags(cached, entity_id, given),
        device_class,
        frozenset(given),
        cached.home.entity(entity_id) if cached else None,
    )
    pipeline = Pipeline(settings.pipeline_options)
    decision = pipeline.explain(entity_id, facts.tags, device_class)
    age_s = None if cached is None else max(0.0, time.time() - cached.read_at_s)
    notes = list(_notes(settings, pipeline, facts, cached))
    if as_json:
        document = _document(settings, decision, facts)
        document |= {"registry_age_seconds": age_s, "notes": notes}
        click.echo(json.dumps(document, indent=2))
    else:
        for name, value in _rows(settings, decision, facts, age_s):
            if value:
                click.echo(f"{name:<8}  {value}")
        for note in notes:
            click.echo(f"{'note':<8}  {note}")
    return 0 if decision.accepted else 1


def _tags(
    cached: Cached | None, entity_id: str, given: dict[str, str]
) -> dict[str, str]:
    """Return what the core would be told of an entity, if it were as given."""
    if cached is None:
        return given
    tags = {**(cached.home.tags(entity_id) or {}), **given}
    if "area_id" in given and "floor_id" not in given:
        area = cached.home.areas.get(given["area_id"])
        tags["floor_id"] = (area.floor_id if area else None) or ""
    return tags


def _document(settings: Settings, decision: Decision, facts: Facts) -> dict[str, Any]:
    """Return the answer for programs."""
    from hiq.explaining import because, entry, reason

    return {
        "entity_id": facts.entity_id,
        "accepted": decision.accepted,
        "rule": decision.rule or None,
        "pattern": entry(settings.filter, decision.rule),
        "limit": decision.limit or None,
        "limit_pattern": entry(settings.filter, decision.limit),
        "depends_on_device_class": decision.by_class,
        "reason": reason(settings.filter, decision),
        "because": list(because(settings.pipeline_options, decision, facts)),
        "facts": {
            name: value
            for name, _ in FACTS.values()
            if (value := facts.tags.get(name, ""))
        },
        "in_registry": facts.place is not None,
    }


def _rows(
    settings: Settings, decision: Decision, facts: Facts, age_s: float | None
) -> Iterator[tuple[str, str]]:
    """Yield the answer for people."""
    from hiq.explaining import because, entry, reason

    rule, limit = (
        entry(settings.filter, name) for name in (decision.rule, decision.limit)
    )
    place = facts.place
    name = f"  ({place.name})" if place is not None and place.name else ""
    yield "entity", facts.entity_id + name
    yield "written", "yes" if decision.accepted else "no"
    yield "rule", decision.rule or "none matches"
    yield "pattern", json.dumps(rule, ensure_ascii=False) if rule else ""
    yield "why", reason(settings.filter, decision)
    for line in because(settings.pipeline_options, decision, facts):
        yield "because", line
    shown = json.dumps(limit, ensure_ascii=False)
    yield "limit", f"{decision.limit} {shown}" if limit and decision.accepted else ""
    known = [
        f"{option} {facts.tags[key].replace('|', ', ')}"
        for option, (key, _) in FACTS.items()
        if facts.tags.get(key)
    ]
    source = "" if age_s is None else f"; registry of {_ago(age_s)}"
    yield "known", ", ".join(known) + source if known else ""


def _ago(age_s: float) -> str:
    """Return an age as people say it."""
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if age_s >= 2 * size:
            return f"{age_s / size:.0f} {unit} ago"
    return "just now"


def _notes(
    settings: Settings, pipeline: Pipeline, facts: Facts, cached: Cached | None
) -> Iterator[str]:
    """Yield what to know beside the answer."""
    from hiq.discovery.build import needs_registries
    from hiq.explaining import classes, strangers
    from hiq.settings.nearest import did_you_mean

    decision = pipeline.explain(facts.entity_id, facts.tags, facts.device_class)
    if decision.by_class:
        others = [
            (one, pipeline.explain(facts.entity_id, facts.tags, one))
            for one in classes(settings.filter)
            if one != facts.device_class
        ]
        differ = [(one, other) for one, other in others if other.rule != decision.rule]
        for one, other in differ[:MOST_CLASSES]:
            verb = "is" if other.accepted else "is not"
            by = other.rule or "no rule"
            yield f"with device class {one} it {verb} written, by {by}"
        if not facts.device_class:
            yield "the registry knows no device class; give it by --device-class"
    if cached is None:
        if needs_registries(settings):
            yield (
                f"no registry is kept in {settings.data_dir}: what is not given by "
                "options counts as not known; `hiq serve` reads it"
            )
        return
    yield from strangers(settings.filter, cached.home)
    if facts.place is None:
        near = did_you_mean(facts.entity_id, cached.home.entities)
        yield f"{facts.entity_id} is not in the registry{near}"
    elif facts.place.entity.disabled_by is not None:
        yield f"it is disabled by {facts.place.entity.disabled_by}, so it has no states"
