"""Whatever a home consists of: an import that can be loaded, or problems."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hiq.errors import ConfigError
from hiq.settings import load
from hiq.settings.foreign import ALIASES, UNUSED
from hiq.settings.importing import import_block
from hiq.settings.importing_homeiq import import_homeiq
from hiq.settings.sinks import FAMILIES

FILES = ("configuration.yaml", "a.yaml", "p/b.yaml", "p/c.yaml", "secrets.yaml")
LINES = st.sampled_from(
    [
        "influxdb:",
        "influxdb: !include a.yaml",
        "influxdb: {host: a, port: 1}",
        "homeassistant:",
        "homeassistant: {packages: !include_dir_named p}",
        "  packages: !include_dir_merge_named p",
        "  packages: {x: !include p/b.yaml}",
        "  host: a",
        "  # a remark",
        "  port: !secret s",
        "  password: !secret 's'",
        "  username: !env_var U u u",
        "  include: {domains: [light]}",
        "  include: !include p/b.yaml",
        "  tags_attributes: !include_dir_merge_list p",
        "  tags: &t {x: 1}",
        "  tags: *t",
        "  <<: *t",
        "    deep: [1, {x: y}]",
        "- light.a",
        "- !include a.yaml",
        "host: b",
        "s: text",
        "s: [1]",
        "---",
        "...",
        "x: !include_dir_odd p",
        "\tx: 1",
        "a: !include configuration.yaml",
        "",
    ]
)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)


@settings(max_examples=100)
@given(st.fixed_dictionaries({name: TEXTS for name in FILES}))
def test_any_configuration(texts: dict[str, str]) -> None:
    """Nothing but ConfigError comes out; what is imported means the same again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "p").mkdir()
        for path, text in texts.items():
            (folder / path).write_text(text)
        try:
            found = import_block(folder, {})
        except ConfigError as exc:
            assert all(problem.message for problem in exc.problems)
            return
        new = folder / "new"
        new.mkdir()
        (new / "hiq.yaml").write_text(found.text)
        lines = (f"{secret}: {text}\n" for secret, text in found.values.items())
        (new / "secrets.yaml").write_text("".join(lines))
        try:
            loaded = load(new / "hiq.yaml", env={"HOME": name})
        except ConfigError as exc:
            # Only what the import cannot know: a secret that is none, or a wrong one.
            assert found.secrets, exc
            return
        again = import_block(new / "hiq.yaml", {})
        assert again.makes_sink is found.makes_sink is bool(loaded.sinks[0].url)


NAMES = st.sampled_from(
    sorted(
        {name for alias in ALIASES for name in alias.names if "FILE" not in name}
        | {n for _, keys, _ in FAMILIES for names in keys.values() for n in names}
        | set(UNUSED)
    )
)
VALUES = st.text(
    st.characters(exclude_characters="\0'\r", codec="utf-8"), max_size=20
) | st.sampled_from(["5", "true", "t" * 40, "http://a:1", "ha", "drop_new", "debug"])
SECTIONS = ("home_assistant", "http", "journal", "discovery", "data_api", "log")


@settings(max_examples=100)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=8))
def test_any_homeiq(values: dict[str, str]) -> None:
    """What is imported is what `hiq serve` makes of the same environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"{key}='{value}'\n" for key, value in values.items()]
        (folder / ".env").write_text("".join(lines), encoding="utf-8")
        (folder / "empty.yaml").write_text("")
        try:
            found = import_homeiq(folder, {})
        except ConfigError as exc:
            assert all(problem.message for problem in exc.problems)
            return
        (folder / "hiq.yaml").write_text(found.text, encoding="utf-8")
        secrets = (f"{key}: {text}\n" for key, text in found.values.items())
        (folder / "secrets.yaml").write_text("".join(secrets), encoding="utf-8")
        after = load(folder / "hiq.yaml", env={"HOME": name})
        try:
            before = load(folder / "empty.yaml", env={"HOME": name, **values})
        except ConfigError as exc:
            assert "verify_ssl: false` stands in hiq.yaml" in str(exc)
            return
        for section in SECTIONS:
            assert getattr(after, section) == getattr(before, section), section
