"""The files of a Home Assistant configuration, followed as it follows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hiq.errors import ConfigError
from hiq.settings.home_files import HomeFiles, file_of, items


def write(folder: Path, **texts: str) -> HomeFiles:
    """Write files; a double underscore in a name stands for a folder."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return HomeFiles(folder / "configuration.yaml")


def plain(files: HomeFiles) -> Any:
    """The whole tree as Python objects."""
    root = files.read(files.root)
    assert root is not None
    return yaml.safe_load(yaml.serialize(files.whole(root)))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("list", [["a"], {"k": 1}, ["z"]]),
        ("merge_list", ["a", "z"]),
        ("named", {"a": ["a"], "b": {"k": 1}, "c": {}, "z": ["z"]}),
        ("merge_named", {"k": 1}),
    ],
)
def test_folders(tmp_path: Path, tag: str, expected: Any) -> None:
    """Each of the four ways; empty and hidden files, and secrets, are left out."""
    files = write(
        tmp_path,
        configuration=f"x: !include_dir_{tag} parts\n",
        parts__a="- a\n",
        parts__b="k: 1\n",
        parts__c="",
        parts__d__z="- z\n",
        parts__secrets="k: never\n",
    )
    (tmp_path / "parts" / ".hidden.yaml").write_text("- never\n")
    (tmp_path / "parts" / "no.txt").write_text("- never\n")
    assert plain(files) == {"x": expected}


def test_files_start_from_the_file_that_names_them(tmp_path: Path) -> None:
    """A node knows its file; an empty one is an empty mapping."""
    files = write(
        tmp_path,
        configuration="x: !include a/one.yaml\n",
        a__one="y: !include two.yaml\nz: !include none.yaml\n",
        a__two="- 1\n",
        a__none="# nothing\n",
    )
    assert plain(files) == {"x": {"y": [1], "z": {}}}
    root = files.read(files.root)
    (_, value) = items(files.whole(root))["x"]
    (_, inner) = items(value)["y"]
    assert file_of(inner) == tmp_path / "a" / "two.yaml"


def test_merge_keys_are_spelled_out(tmp_path: Path) -> None:
    """What `<<` brings along is in the copy, and the own key counts."""
    files = write(tmp_path, configuration="a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")
    assert plain(files) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


def test_the_nearest_secret_counts(tmp_path: Path) -> None:
    """Beside the file, then above it; one of the same name elsewhere is renamed."""
    files = write(
        tmp_path,
        configuration="x: !secret p\ny: !include a/one.yaml\nz: !secret none\n",
        secrets="p: of the root\nq: q\n",
        a__one="[!secret p, !secret q, !secret p]\n",
        a__secrets="p: near\n",
    )
    root = files.read(files.root)
    assert root is not None
    text = yaml.serialize(files.whole(root), width=1000)
    assert text.replace("'", "").splitlines() == [
        "x: !secret p",
        "y: [!secret p_2, !secret q, !secret p_2]",
        "z: !secret none",
    ]
    values = {n: v and v.value for n, v in files.secrets.items()}
    assert values == {"p": "of the root", "p_2": "near", "q": "q", "none": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: !include configuration.yaml\n", "more than 100,000 values, or 100 levels"),
        ("!include configuration.yaml\n", "more than 10 levels deep"),
        ("x: !include_dir_odd parts\n", "the tag !include_dir_odd is not known"),
        ("x: !include gone.yaml\n", "gone.yaml: No such file"),
        ("x: &x [*x]\n", "100 levels deep"),
        ("x: [\n", "this is not YAML"),
        ("x: \x01\n", "this is not YAML"),
    ],
)
def test_what_cannot_be_followed(tmp_path: Path, text: str, message: str) -> None:
    """Circles, missing files and what is no YAML are problems, never a hang."""
    with pytest.raises(ConfigError, match=message):
        plain(write(tmp_path, configuration=text))
