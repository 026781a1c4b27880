"""`hiq token`: made, listed, revoked."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings with a data folder of their own."""
    path = tmp_path / "hiq.yaml"
    path.write_text(f"data_dir: {tmp_path / 'data'}\n")
    return path


def invoke(config: Path, *arguments: str) -> Result:
    """Run the command."""
    name, *rest = arguments
    return CliRunner().invoke(cli, ["token", name, "--config", str(config), *rest])


def test_an_empty_list_is_said(config: Path) -> None:
    """To people; for programs it is an empty list."""
    assert "no token was made here" in invoke(config, "list").stderr
    assert json.loads(invoke(config, "list", "--json").stdout) == {"tokens": []}


def test_create_list_revoke(config: Path) -> None:
    """The token goes to stdout, what people read to stderr; a revoked one says so."""
    made = invoke(
        config, "create", "alice", "--scope", "read", "--scope", "control",
        "--entity", "light.*", "--expires", "2h",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    claims = jwt.decode(made.stdout.strip(), options={"verify_signature": False})
    assert (claims["sub"], claims["scope"]) == ("alice", "read control")
    assert claims["exp"] - claims["iat"] == 7200
    assert claims["jti"] in made.stderr
    listed = invoke(config, "list")
    assert "alice  read control only light.*  until 20" in listed.output
    assert invoke(config, "revoke", claims["jti"]).exit_code == 0
    (shown,) = json.loads(invoke(config, "list", "--json").output)["tokens"]
    assert shown["revoked"] is not None
    assert invoke(config, "revoke", "nothing").exit_code == 1


def test_what_can_still_be_used_is_listed_and_revoked(config: Path) -> None:
    """Within the leeway that the service grants, beyond the end of the token."""
    config.write_text(config.read_text() + "security: {leeway: 1h}\n")
    assert invoke(config, "create", "alice").exit_code == 0
    path = config.parent / "data" / "tokens.json"
    (kept,) = json.loads(path.read_text())
    path.write_text(json.dumps([{**kept, "expires": int(time.time()) - 60}]))
    (shown,) = json.loads(invoke(config, "list", "--json").stdout)["tokens"]
    assert invoke(config, "revoke", shown["jti"]).exit_code == 0
    path.write_text(json.dumps([{**kept, "expires": int(time.time()) - 3600}]))
    assert json.loads(invoke(config, "list", "--json").stdout) == {"tokens": []}


def test_what_is_wrong_is_said(config: Path) -> None:
    """A duration that is none, and keys that hiq does not have."""
    result = invoke(config, "create", "alice", "--expires", "soon")
    assert result.exit_code == 2
    assert "30d" in result.output
    config.write_text(
        config.read_text() + "security: {algorithms: RS256, public_key_file: k}\n"
    )
    assert "HS256" in str(invoke(config, "create", "alice").exception)
