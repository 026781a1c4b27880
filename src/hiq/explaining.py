"""Why the filter decides as it does about one entity, in words.

Takes what the core decided, the settings, and what the registry says of the entity;
finds the conditions that hold and where each fact comes from. It decides nothing
itself, reads no file and prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from hiq.settings.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hiq._core.decision import Decision
    from hiq.ha.home import Home, Place

__all__ = ["Facts", "because", "classes", "entry", "reason", "strangers"]

OF_REGISTRY: Final = {
    "area_id": "areas",
    "floor_id": "floors",
    "label": "labels",
}
"""Conditions whose texts are ids of a registry, by the name of that registry."""
LISTS: Final = ("entities", "domains", "entity_globs")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an entity.

    Attributes:
        entity_id: its id, in small letters.
        tags: what the core is told of it: registry, with what was given over it.
        device_class: as given, "" if not.
        given: names among the tags that were given.
        place: its place in the registry, None if it has none.
    """

    entity_id: str
    tags: Mapping[str, str]
    device_class: str = ""
    given: frozenset[str] = field(default_factory=frozenset)
    place: Place | None = None

    @property
    def domain(self) -> str:
        """What stands before the dot."""
        return self.entity_id.partition(".")[0]

    def of(self, condition: str) -> str:
        """Return what a condition is compared with, "" if that is not known."""
        match condition:
            case "entity_id" | "domain" | "device_class":
                return str(getattr(self, condition))
            case "label":
                return self.tags.get("label_ids", "")
        return self.tags.get(condition, "")

    def origin(self, condition: str) -> str:
        """Return how people call a fact and where it comes from, "" if plain."""
        key = "label_ids" if condition == "label" else condition
        if key in self.given or (condition == "device_class" and self.device_class):
            return "as given"
        place = self.place
        if place is None or (key == "floor_id" and "area_id" in self.given):
            return ""
        match condition:
            case "area_id" if place.area is not None:
                device = place.device
                if place.entity.area_id or device is None:
                    return place.area.name
                name = device.name_by_user or device.name or device.id
                return f"{place.area.name}, of its device {name}"
            case "floor_id" if place.floor is not None:
                return f"{place.floor.name}, of its area"
            case "label":
                return ", ".join(label.name for label in place.labels)
        return ""


def entry(rules: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    """Return an entry of the filter by its name, such as `patterns[3]`."""
    section, _, rest = name.partition("[")
    if not rest:
        return None
    found: dict[str, Any] = (rules or {})[section][int(rest[:-1])]
    return found


def reason(rules: Mapping[str, Any] | None, decision: Decision) -> str:
    """Return one sentence: why it is so."""
    mode = (rules or {}).get("mode", "exclude")
    if not decision.rule:
        if rules is None:
            return "no rule of filter is set, and include and exclude let it pass"
        verb = "passes" if mode == "exclude" else "is left out"
        return f"no pattern and no exception matches, and in mode {mode} that {verb}"
    if decision.rule.startswith("exceptions"):
        return "the first exception that matches lets it pass"
    if decision.rule.startswith("patterns"):
        verb = "leaves it out" if mode == "exclude" else "lets it pass"
        return f"no exception matches; the first pattern that matches {verb}"
    return "include and exclude of the block influxdb leave it out"


def because(
    settings: Mapping[str, Any], decision: Decision, facts: Facts
) -> Iterator[str]:
    """Yield what holds of the rule that decides.

    `settings`: the options of the pipeline, of which `filter`, `include` and
    `exclude` are looked at.
    """
    rule = entry(settings.get("filter"), decision.rule)
    if rule is not None:
        for condition in rule:
            origin = facts.origin(condition)
            shown = facts.of(condition).replace("|", ", ")
            yield f"{condition} is {shown}" + (f" ({origin})" if origin else "")
    elif decision.rule:
        held = list(_held(settings, facts))
        yield from held
        included = any(line.startswith("include") for line in held)
        if settings.get("include") and not included:
            yield "no list of include holds it"


def _held(settings: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    """Yield which lists of include and exclude hold an entity, and by what."""
    for side in ("include", "exclude"):
        for name in LISTS:
            texts = (settings.get(side) or {}).get(name) or ()
            for text in [texts] if isinstance(texts, str) else texts:
                if _holds(name, text, facts):
                    yield f"{side}.{name} holds {text}"


def _holds(name: str, text: str, facts: Facts) -> bool:
    if name == "entity_globs":
        return fnmatchcase(facts.entity_id, text)
    return text.lower() == (facts.domain if name == "domains" else facts.entity_id)


def classes(rules: Mapping[str, Any] | None) -> list[str]:
    """Return the device classes that rules ask for, each once."""
    found = [
        text
        for name in ("exceptions", "patterns", "limits")
        for rule in (rules or {}).get(name) or ()
        for text in _texts(rule.get("device_class", ()))
    ]
    return list(dict.fromkeys(found))


def strangers(rules: Mapping[str, Any] | None, home: Home) -> Iterator[str]:
    """Yield the ids that rules ask for and no registry has: they match nothing."""
    for name in ("exceptions", "patterns", "limits"):
        for number, rule in enumerate((rules or {}).get(name) or ()):
            for condition, registry in OF_REGISTRY.items():
                known: Mapping[str, Any] = getattr(home, registry)
                for text in _texts(rule.get(condition, ())):
                    if text not in known:
                        yield (
                            f"{name}[{number}] asks for {condition} {text}, which is "
                            f"not in the registry{did_you_mean(text, known)}"
                        )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
