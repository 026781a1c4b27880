"""Where the token comes from."""

import pytest

from hiq.errors import TokenError
from hiq.ha.locate import Candidate
from hiq.ha.token import read_token

TOKEN = "a" * 40
URL = "ws://ha/api/websocket"


def test_a_given_token_is_used():
    """A token in the settings needs no file."""
    assert read_token(Candidate("primary", URL, token=TOKEN)) == TOKEN


def test_a_file_is_read_each_time(tmp_path):
    """A changed file gives the changed token, without the line end."""
    file = tmp_path / "token"
    candidate = Candidate("primary", URL, token_file=str(file))
    file.write_text(f"{TOKEN}\n")
    assert read_token(candidate) == TOKEN
    file.write_text("b" * 40)
    assert read_token(candidate) == "b" * 40


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file"),
        (b"", "empty"),
        (b"short", "32 to 300 characters"),
        (b"with blank " * 5, "may hold only"),
        ("\u00e9".encode() * 40, "not ASCII"),
    ],
)
def test_a_useless_file_says_what_is_wrong(tmp_path, text, reason):
    """The error names file or rule, and never the value."""
    file = tmp_path / "token"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(TokenError) as caught:
        read_token(Candidate("primary", URL, token_file=str(file)))
    assert reason in str(caught.value)
    assert "short" not in str(caught.value)


def test_no_token_says_where_to_put_one():
    """Without any token the error names the settings."""
    with pytest.raises(TokenError, match="token_file or HA_TOKEN"):
        read_token(Candidate("primary", URL))
