"""Whatever stands in hiq.yaml: settings, or problems that name their line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from hiq.errors import ConfigError
from hiq.settings import load
from hiq.settings.block import BLOCK
from hiq.settings.show import public
from hiq.settings.table import SECTIONS, SINK, SINK_TYPES
from hiq.settings.tidy import TIDY

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70_000)
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "5s",
            "64MiB",
            "http://a:1",
            "sensor.a",
            "sensor.*",
            "a.[b",
            "ha",
            "127.0.0.1",
            *SINK_TYPES,
            "drop_new",
            "debug",
            "json",
            "jwt",
            "none",
            "1",
            "2",
            "t" * 40,
        ]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["domains", "entities", "entity_globs", "url", "light.a", "x"]
            ),
            below,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def some(keys):
    """Mappings with some of these keys and any value, or any value instead."""
    return (
        st.dictionaries(st.sampled_from([*keys, "typo"]), VALUES, max_size=5) | VALUES
    )


FILES = st.fixed_dictionaries(
    {},
    optional={
        **{name: some(rows) for name, rows in SECTIONS.items()},
        "influxdb": some(BLOCK),
        "tidy": some(TIDY),
        "sinks": st.lists(some(SINK), max_size=3) | VALUES,
        "data_dir": VALUES,
        "typo": VALUES,
    },
)


@given(FILES)
def test_settings_or_problems(content):
    """Nothing but ConfigError comes out, and each problem names file and line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hiq.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        try:
            settings = load(path, env={"HOME": folder})
        except ConfigError as exc:
            assert exc.problems
            assert all(p.where == str(path) for p in exc.problems)
            assert all(p.line > 0 and p.message for p in exc.problems)
            return
        path.write_text(yaml.safe_dump(public(settings)), encoding="utf-8")
        if not settings.secrets:
            again = load(path, env={"HOME": folder})
            assert public(again) == public(settings)


NAMES = st.sampled_from(
    [f"HIQ_{s}__{k}".upper() for s, rows in SECTIONS.items() for k in rows]
    + [f"HIQ_INFLUXDB__{key}".upper() for key in BLOCK]
    + ["HIQ_SINKS", "HIQ_SINKS__0", "HIQ_SINKS__0__URL", "HIQ_X__Y", "HIQ___"]
    + ["HA_TOKEN", "HA_URL", "NABU_CASA_URL", "SUPERVISOR_TOKEN", "LOG_LEVEL"]
    + ["INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUX_HOST", "INFLUX_DATABASE"]
)
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


@given(
    st.dictionaries(NAMES, TEXTS | st.sampled_from(["{a: b}", "[1]", "5", "t" * 40]))
)
def test_any_environment(env):
    """No variable makes anything but a ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            load(os.devnull, env={**env, "HOME": folder})
        except ConfigError as exc:
            assert all(p.message for p in exc.problems)
