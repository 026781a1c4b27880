"""Answers -> the text of a hiq.yaml, with comments, for people to read and change.

Pure: nothing is asked, written or looked up here. Every value is quoted as YAML wants
it; what the user did not choose is left to the defaults and not written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answers", "holds_secrets", "text"]

SECRETS: Final = frozenset({"token", "password"})
WHAT: Final = {
    "influxdb1": "InfluxDB 1.x",
    "influxdb2": "InfluxDB 2.x",
    "influxdb3": "InfluxDB 3",
    "victoriametrics": "VictoriaMetrics",
    "sqlite": "The embedded store: one file in the data folder, no server.",
}
HEAD: Final = """\
# Settings of hiq, made by `hiq init`. Every key with its default:
# `hiq config show`. After a change: `hiq config check`.

home_assistant:
  url: {url}
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known at the end.

    Attributes:
        url: of Home Assistant, as a user writes it.
        token: a long-lived access token; not shown in `repr`.
        token_file: the file that holds it, instead.
        verify_ssl: whether its certificate must be valid.
        block: Home Assistant's own `influxdb:` block as text, "" if there is none.
        sink: keys of the sink, `type` among them; {}: the block is the sink.
        data_dir: where journal and store go; "" for the usual place.
    """

    url: str
    token: str = field(default="", repr=False)
    token_file: str = ""
    verify_ssl: bool = True
    block: str = ""
    sink: Mapping[str, str] = field(default_factory=dict, repr=False)
    data_dir: str = ""


def holds_secrets(answers: Answers) -> bool:
    """Whether only its owner may read the file."""
    return bool(answers.token or answers.block or SECRETS & answers.sink.keys())


def text(answers: Answers) -> str:
    """Return the complete file."""
    out = HEAD.format(url=_quoted(answers.url))
    if answers.token_file:
        out += f"  token_file: {_quoted(answers.token_file)}\n"
    elif answers.token:
        out += "  # Whoever has this access token can do what its user can.\n"
        out += f"  token: {_quoted(answers.token)}\n"
    else:
        out += "  # token: a long-lived access token; or set HA_TOKEN\n"
    if not answers.verify_ssl:
        out += "  # Not checked: anyone in between can read the token.\n"
        out += "  verify_ssl: false\n"
    if answers.block:
        out += "\n# Home Assistant's own block: the same series, the same database.\n"
        out += answers.block
    if answers.sink:
        out += _sink(answers.sink)
    if answers.data_dir:
        out += "\n# Where the journal and the embedded store are.\n"
        out += f"data_dir: {_quoted(answers.data_dir)}\n"
    return out


def _sink(keys: Mapping[str, str]) -> str:
    """Return the section `sinks`."""
    kind = keys["type"]
    lines = ["", f"# {WHAT[kind]}", "sinks:", f"  - name: {keys.get('name', kind)}"]
    lines += [
        f"    {key}: {value if key == 'type' else _quoted(value)}"
        for key, value in keys.items()
        if key != "name" and value
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """Return a text as a YAML scalar; a JSON string always is one."""
    return json.dumps(value, ensure_ascii=False)
