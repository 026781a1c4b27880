"""The options of schema `tidy`, checked and brought into one form.

Pure: it makes plain values out of a mapping and knows nothing of what the compiled
modules build from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ALL_DOMAINS", "TAGS", "TidyOptions"]

TAGS = (
    *("device_class", "area", "unit", "floor"),
    *("device", "labels", "platform", "rid"),
)
DEFAULT_TAGS = ("device_class", "area")
ALL_DOMAINS = "*"
MAX_TEXT_BYTES = 4096
HIGHEST_TEXT_BYTES = 1 << 20
KEYS = (
    *("tags", "follow", "attributes", "max_text_bytes"),
    *("unavailable", "numeric_state_text"),
)


def names(key: str, value: object) -> tuple[str, ...]:
    """Return a list of texts; a single one is a list of one."""
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(
        isinstance(item, str) for item in found
    ):
        raise ValueError(f"{key}: expected a list of strings, got {value!r}")
    return tuple(found)


def table(key: str, value: object) -> Mapping[str, object]:
    """Return a mapping with strings as keys; null is the empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise ValueError(f"{key}: expected a mapping, got {value!r}")
    return value


def switch(key: str, value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false, got {value!r}")
    return value


def among(key: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed strings."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{key}: expected one of {', '.join(allowed)}, got {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class TidyOptions:
    """What shapes the points of `tidy`. ValueError has the key in its text."""

    tags: tuple[str, ...] = DEFAULT_TAGS
    follows_old_id: bool = False
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Globs of the attributes that are written, by domain; `*` is every domain."""
    max_text_bytes: int = MAX_TEXT_BYTES
    writes_unavailable: bool = True
    numeric_state_text: bool = False

    @classmethod
    def read(cls, given: object) -> "TidyOptions":
        """Read the mapping under `tidy`; None is all defaults."""
        options = table("tidy", given)
        for key in options:
            if key not in KEYS:
                raise ValueError(
                    f"tidy: unknown key {key!r}, expected one of {', '.join(KEYS)}"
                )
        switches = dict.fromkeys(DEFAULT_TAGS, True)
        for name, value in table("tidy.tags", options.get("tags")).items():
            among("tidy.tags", name, TAGS)
            switches[name] = switch(f"tidy.tags.{name}", value)
        allowed = options.get("attributes")
        if isinstance(allowed, str | list | tuple):
            allowed = {ALL_DOMAINS: allowed}
        most = options.get("max_text_bytes", MAX_TEXT_BYTES)
        if type(most) is not int or not 1 <= most <= HIGHEST_TEXT_BYTES:
            raise ValueError(
                f"tidy.max_text_bytes: expected 1 to {HIGHEST_TEXT_BYTES}, got {most!r}"
            )
        follow = options.get("follow")
        return cls(
            tags=tuple(name for name in TAGS if switches.get(name)),
            follows_old_id=follow is not None
            and among("tidy.follow", follow, ("old_id", "none")) == "old_id",
            attributes={
                domain: names(f"tidy.attributes.{domain}", globs)
                for domain, globs in table("tidy.attributes", allowed).items()
            },
            max_text_bytes=most,
            writes_unavailable=among(
                "tidy.unavailable",
                options.get("unavailable", "write"),
                ("write", "skip"),
            )
            == "write",
            numeric_state_text=switch(
                "tidy.numeric_state_text", options.get("numeric_state_text", False)
            ),
        )
