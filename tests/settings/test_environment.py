"""`HIQ_...` variables and dotted keys of the command line."""

from __future__ import annotations

from pathlib import Path

from hiq.settings.document import Node, Reader
from hiq.settings.environment import add_environment, add_overrides, get


def tree_of(text):
    """Read a text."""
    return Reader({}).text(text, "c.yaml", Path())


def test_any_key_can_be_set():
    """Section and key are parts of the name; what the file sets beside it stays."""
    tree = tree_of("http: {port: 1, host: x}\n")
    env = {
        "HIQ_HTTP__PORT": "8002",
        "HIQ_HOME_ASSISTANT__FALLBACK__URL": "http://b",
        "HIQ_DATA_DIR": "/data",
        "HIQ_CONFIG": "elsewhere",
        "PATH": "/bin",
    }
    notes = []
    tree = add_environment(tree, env, notes)
    assert tree.plain() == {
        "http": {"port": 8002, "host": "x"},
        "home_assistant": {"fallback": {"url": "http://b"}},
        "data_dir": "/data",
    }
    assert notes == []
    assert get(tree, "http", "port").where == "environment variable HIQ_HTTP__PORT"
    assert get(tree, "http", "host").where == "c.yaml"


def test_whole_sections_as_yaml():
    """A section, a list or a mapping can be one value."""
    env = {"HIQ_SINKS": "[{type: stdout}]", "HIQ_INFLUXDB__INCLUDE": "{domains: [a]}"}
    tree = add_environment(tree_of("a: 1"), env, [])
    assert tree.plain()["sinks"] == [{"type": "stdout"}]
    assert tree.plain()["influxdb"] == {"include": {"domains": ["a"]}}


def test_items_of_a_list_by_number_and_name():
    """A key of one sink is set by its number or its name; a new number appends."""
    tree = tree_of("sinks:\n- {name: One, token: a}\n- {name: two, token: b}\n")
    env = {
        "HIQ_SINKS__ONE__TOKEN": "x",
        "HIQ_SINKS__1__TOKEN": "y",
        "HIQ_SINKS__2__TYPE": "stdout",
    }
    assert add_environment(tree, env, []).plain()["sinks"] == [
        {"name": "One", "token": "x"},
        {"name": "two", "token": "y"},
        {"type": "stdout"},
    ]


def test_a_name_that_is_no_setting_is_noted():
    """Without a section it may belong to something else, so it is only noted."""
    notes = []
    add_environment(tree_of("a: 1"), {"HIQ_DATADIR": "x", "HIQ_VERSION": "1"}, notes)
    assert notes == [
        "HIQ_DATADIR is not used: no setting has this name (did you mean data_dir?)",
        "HIQ_VERSION is not used: no setting has this name",
    ]


def test_the_later_token_takes_the_place_of_the_other():
    """A token from the environment beats the token file of the file, and back."""
    tree = tree_of("home_assistant: {token_file: /run/t}\n")
    tree = add_environment(tree, {"HIQ_HOME_ASSISTANT__TOKEN": "abc"}, [])
    assert tree.plain() == {"home_assistant": {"token": "abc"}}
    tree = add_overrides(tree, {"home_assistant.token_file": "/x"})
    assert tree.plain() == {"home_assistant": {"token_file": "/x"}}


def test_the_command_line_comes_last():
    """A dotted key of the command line beats everything below it."""
    tree = add_environment(
        tree_of("log: {level: info}"), {"HIQ_LOG__LEVEL": "error"}, []
    )
    tree = add_overrides(tree, {"log.level": "debug"})
    assert tree.plain() == {"log": {"level": "debug"}}
    assert get(tree, "log", "level").where == "command line"


def test_null_is_no_value():
    """A key without a value counts as not set, a bad value as set."""
    tree = tree_of("a:\nb: !secret x\n")
    assert get(tree, "a") is None
    assert get(tree, "b") is not None
    assert get(tree, "c", "d") is None
    assert get(Node([], "x"), "c") is None


def test_the_tree_is_not_changed():
    """Laying one layer over another leaves the lower one as it was."""
    tree = tree_of("sinks: [{name: a}]\nlog: {level: info}")
    before = tree.plain()
    add_environment(tree, {"HIQ_SINKS__A__URL": "x", "HIQ_LOG__LEVEL": "y"}, [])
    assert tree.plain() == before
