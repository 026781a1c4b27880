"""YAML as a tree that knows its lines, with the tags of Home Assistant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.settings.document import Reader, scalar


@pytest.fixture
def read(tmp_path):
    """Write files and read the first of them; returns the tree and the problems."""

    def write_and_read(env=None, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_suffix(".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        reader = Reader(env or {})
        tree = reader.file(tmp_path / f"{next(iter(files))}.yaml")
        return tree, reader.problems

    return write_and_read


def messages(problems):
    """Line and message of each problem."""
    return [(p.line, p.message) for p in problems]


def test_values_know_their_lines(read):
    """A value has the line of its key, an item its own."""
    tree, problems = read(main="# top\na:\n  b: 1\n  c:\n    - x\n    - y\n")
    assert problems == []
    a = tree.value["a"]
    assert (a.line, a.value["b"].line, a.value["c"].line) == (2, 3, 4)
    assert [item.line for item in a.value["c"].value] == [5, 6]
    assert tree.plain() == {"a": {"b": 1, "c": ["x", "y"]}}


def test_raw_text_is_kept(read):
    """A number stands beside its text, a date stays a text."""
    tree, _ = read(main="pin: 0123\nday: 2026-01-02\non: on\nnull: ~\n")
    values = tree.value
    assert (values["pin"].raw, values["day"].value) == ("0123", "2026-01-02")
    assert values["on"].value is True
    assert values["null"].value is None


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1,\nb: 2\n", 3), ("a:\n\t- b\n", 2), ("a: 'x\n", 2), ("a: b: c\n", 1)],
)
def test_not_yaml_names_the_line(read, text, line):
    """A fault of syntax is one problem with a line."""
    tree, problems = read(main=text)
    assert tree is None
    assert len(problems) == 1
    assert problems[0].line == line
    assert problems[0].message.startswith("this is not YAML: ")


def test_not_yaml_names_the_beginning(read):
    """For a bracket that is never closed the line of its opening is told."""
    _, problems = read(main="x: 1\na: [1,\nb: 2\n")
    assert problems[0].message.endswith("(begun on line 2)")


def test_not_text_names_the_line(tmp_path):
    """Bytes that are no UTF-8 are one problem with a line."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    reader = Reader({})
    assert reader.file(path) is None
    assert messages(reader.problems) == [(2, "this is not UTF-8 text")]


def test_control_characters_are_no_yaml(read):
    """A character that YAML forbids is a problem and no traceback."""
    tree, problems = read(main="a: \x01\n")
    assert tree is None
    assert "not YAML" in problems[0].message


def test_a_missing_file_is_a_problem(tmp_path):
    """The message names the file and the reason of the system."""
    reader = Reader({})
    assert reader.file(tmp_path / "none.yaml") is None
    (problem,) = reader.problems
    assert problem.where.endswith("none.yaml")
    assert problem.message == "cannot read it: No such file or directory"


def test_empty_file(read):
    """An empty file is null, not a fault."""
    tree, problems = read(main="# nothing\n")
    assert (tree.value, problems) == (None, [])


def test_a_key_set_twice(read):
    """Of two keys of one name both lines are told."""
    _, problems = read(main="a: 1\nb: 2\na: 3\n")
    assert messages(problems) == [(3, "a is set twice, first on line 1")]


def test_merge_keys(read):
    """Anchors and merge keys work, and an own key wins."""
    tree, problems = read(main="base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n")
    assert problems == []
    assert tree.plain()["use"] == {"x": 1, "y": 3}


def test_an_anchor_in_itself(read):
    """A list that contains itself is refused."""
    tree, problems = read(main="a: &a\n  - *a\n")
    assert tree is None
    assert "an anchor that contains itself" in problems[0].message


def test_a_bomb_of_anchors(read):
    """References to references do not fill the memory."""
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 9):
        levels.append(f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * 10) + "]")
    tree, problems = read(main="\n".join(levels))
    assert tree is None
    assert "more than 100,000 values" in problems[0].message


def test_a_key_that_is_a_list(read):
    """Only simple texts are keys."""
    _, problems = read(main="? [a, b]\n: 1\n")
    assert "a key must be a simple text" in problems[0].message


def test_secret(read):
    """A secret comes from secrets.yaml and stands at the place of its use."""
    tree, problems = read(main="a:\n  token: !secret t\n", secrets="t: 0042\n")
    node = tree.value["a"].value["token"]
    assert problems == []
    assert (node.raw, node.line) == ("0042", 2)
    assert node.where.endswith("main.yaml")


def test_missing_secret_names_the_nearest(read):
    """A secret that is not there is one problem, and its value is marked bad."""
    tree, problems = read(main="\n\ntoken: !secret tokn\n", secrets="token: x\n")
    (problem,) = problems
    assert problem.line == 3
    assert "secrets.yaml has no tokn (did you mean token?)" in problem.message
    assert tree.value["token"].bad


def test_no_secrets_file(read):
    """Without secrets.yaml the message says which file to make."""
    _, problems = read(main="token: !secret t\n")
    (problem,) = problems
    assert "there is no " in problem.message
    assert "secrets.yaml; make it" in problem.message


def test_include_and_its_secrets(read):
    """An included file counts its own lines and finds secrets above its folder."""
    tree, problems = read(
        main="a: !include sub/part.yaml\n",
        sub__part="\n\nb: !secret s\nc: !include more.yaml\n",
        sub__more="[1, 2]\n",
        secrets="s: deep\n",
    )
    assert problems == []
    assert tree.plain() == {"a": {"b": "deep", "c": [1, 2]}}
    node = tree.value["a"].value["b"]
    assert (Path(node.where).name, node.line) == ("part.yaml", 3)


def test_missing_include(read):
    """A file that is not there is a problem at the line of the include."""
    tree, problems = read(main="x: 1\na: !include none.yaml\n")
    assert problems[0].line == 2
    assert "none.yaml: No such file" in problems[0].message
    assert tree.value["a"].bad


def test_include_of_itself(read):
    """Files that include each other end after ten levels."""
    _, problems = read(main="a: !include main.yaml\n")
    assert [p.message for p in problems] == [
        "!include main.yaml: more than 10 levels deep"
    ]


def test_env_var(read):
    """The environment counts first, then the default; types are those of YAML."""
    tree, problems = read(
        env={"HOST": "db", "PORT": "8086"},
        main="a: !env_var HOST\nb: !env_var PORT 1\nc: !env_var NONE x y\n",
    )
    assert problems == []
    assert tree.plain() == {"a": "db", "b": 8086, "c": "x y"}
    assert tree.value["a"].line == 1


def test_env_var_missing(read):
    """A variable that is not set and has no default is a problem."""
    tree, problems = read(main="a: !env_var NONE\n")
    assert "the environment has no NONE" in problems[0].message
    assert tree.value["a"].bad


def test_unknown_tag(read):
    """A tag of Home Assistant that has no meaning here is named."""
    _, problems = read(main="a: !include_dir_list x\n")
    assert "!include_dir_list is not known" in problems[0].message


def test_a_value_is_not_shown_in_repr(read):
    """Trees may hold secrets, so their repr shows none."""
    tree, _ = read(main="token: abcdefgh\n")
    assert "abcdefgh" not in repr(tree)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("5", 5),
        ("true", True),
        ("[a, b]", ["a", "b"]),
        ("{a: {b: [1]}}", {"a": {"b": [1]}}),
        ("", None),
        ("p: ss", {"p": "ss"}),
        ("#secret", "#secret"),
        ("{not yaml", "{not yaml"),
        ("a #b", "a #b"),
        ("!secret x", "!secret x"),
    ],
)
def test_scalars_of_the_environment(text, plain):
    """Values are YAML, but a text is taken as it is, whatever signs it holds."""
    node = scalar(text, "environment")
    assert node.plain() == plain
    assert node.raw == text
    assert node.line == 0


@given(st.text())
def test_any_text_is_some_yaml(text):
    """No text makes the reader raise: it is a tree, or there is a problem."""
    reader = Reader({})
    tree = reader.text(text, "x", Path("/nonexistent"))
    assert tree is not None or reader.problems
