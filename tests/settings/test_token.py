"""The form of an access token, and that there is one."""

from __future__ import annotations

import pytest

from hiq.errors import ConfigError
from hiq.settings import HomeAssistantSettings, Settings
from hiq.settings.token import require_home_assistant, token_problem

GOOD = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.a-b_c"


@pytest.mark.parametrize("token", [GOOD, "a" * 32, "Z" * 300])
def test_good_tokens(token):
    """32 to 300 of the allowed characters are a token."""
    assert token_problem(token) is None


@pytest.mark.parametrize(
    ("token", "rule"),
    [
        ("", "empty"),
        ("a" * 31, "32 to 300 characters, it has 31"),
        ("a" * 301, "it has 301"),
        ("a" * 40 + "\n", "only the characters"),
        ("ä" * 40, "only the characters"),
        ("Bearer " + "a" * 40, "only the characters"),
    ],
)
def test_bad_tokens(token, rule):
    """The rule is named, the value is not."""
    message = token_problem(token)
    assert rule in message
    assert not token or token.strip() not in message


def settings(**home):
    """Return settings with this section."""
    return Settings(home_assistant=HomeAssistantSettings(**home), source="hiq.yaml")


def test_no_token_says_how_to_make_one():
    """The message tells the way through the user interface and three places."""
    with pytest.raises(ConfigError) as caught:
        require_home_assistant(settings())
    (problem,) = caught.value.problems
    assert (problem.where, problem.key) == ("hiq.yaml", "home_assistant.token")
    for part in ("Long-lived access tokens", "token: ", "token_file", "HA_TOKEN"):
        assert part in problem.message


def test_what_is_enough(tmp_path):
    """A token, a file with one, or no connection wanted."""
    path = tmp_path / "token"
    path.write_text(f"{GOOD}\n")
    require_home_assistant(settings(token=GOOD))
    require_home_assistant(settings(token_file=str(path)))
    require_home_assistant(settings(enabled=False))


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), (b"short", "it has 5"), (b"\xff\xfe", "not UTF-8")],
)
def test_bad_token_files(tmp_path, content, message):
    """A token file that cannot be used is one problem that names it."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        require_home_assistant(settings(token_file=str(path)))
    (problem,) = caught.value.problems
    assert problem.key == "home_assistant.token_file"
    assert message in problem.message
    assert str(path) in problem.message
