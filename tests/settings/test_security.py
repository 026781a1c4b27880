"""Settings of security: what production refuses, all of it at once."""

from __future__ import annotations

import pytest

from hiq.errors import ConfigError
from hiq.settings import load


def problems(tmp_path, text, **env):
    """The keys that are complained about."""
    path = tmp_path / "hiq.yaml"
    path.write_text(text)
    try:
        load(path, env={"HOME": "/h", **env})
    except ConfigError as exc:
        return [problem.key for problem in exc.problems]
    return []


def test_production_refuses_and_says_all_at_once(tmp_path):
    """A short secret, every origin, TLS unverified by a foreign name."""
    (tmp_path / "secret").write_text("short")
    text = 'http: {cors_origins: "*"}\nsecurity: {secret_file: secret}\n'
    found = problems(tmp_path, text, SSL_VERIFY="false")
    assert sorted(found) == [
        "home_assistant.verify_ssl",
        "http.cors_origins",
        "security.secret_file",
    ]
    development = text.replace("{secret_file", "{mode: development, secret_file")
    assert problems(tmp_path, development, SSL_VERIFY="false") == []


def test_unverified_tls_can_be_asked_for(tmp_path):
    """In the file it is meant; verifying by a foreign name is no problem."""
    text = "home_assistant: {verify_ssl: false}\n"
    assert problems(tmp_path, text) == []
    assert problems(tmp_path, "log: {level: info}", SSL_VERIFY="true") == []


@pytest.mark.parametrize(
    "text", ["algorithms: none", "algorithms: []", "algorithms: [HS256, NONE]",
             "algorithms: RS256", "algorithms: [EdDSA]", "secret_file: absent"]
)  # fmt: skip
def test_keys_must_be_there_and_none_never_is(tmp_path, text):
    """`none` is no algorithm, and public ones need a key."""
    assert problems(tmp_path, f"security: {{{text}}}\n")
