"""Keys, revoked tokens and made tokens, in files."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from hiq.clients.auth import Verifier
from hiq.clients.denied import Denied
from hiq.clients.keys import KeyRing, Revoked, read_secret
from hiq.clients.ledger import Ledger
from hiq.clients.principal import Principal
from hiq.errors import ConfigError
from hiq.settings.schema import SecuritySettings
from tests.clients.tokens import NOW, token


def pem(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """The public half."""
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """The first start makes a secret that nobody else may read; the next one takes it."""
    first = read_secret(SecuritySettings(), tmp_path / "data")
    assert len(first) >= 32
    assert read_secret(SecuritySettings(), tmp_path / "data") == first
    (path,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("mode", "good"), [("production", False), ("development", True)]
)
def test_production_wants_a_long_secret(tmp_path: Path, mode: str, good: bool) -> None:
    """31 bytes are refused in production, by the name of the setting."""
    path = tmp_path / "secret"
    path.write_bytes(b"x" * 31)
    settings = SecuritySettings(mode=mode, secret_file=str(path))  # type: ignore[arg-type]
    if good:
        assert read_secret(settings, tmp_path) == b"x" * 31
        return
    with pytest.raises(ConfigError, match=r"security\.secret_file"):
        read_secret(settings, tmp_path)


def test_public_keys_from_files(tmp_path: Path) -> None:
    """A PEM file and a key set verify, each key for its own algorithm."""
    key, other = (
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    )
    (tmp_path / "key.pem").write_bytes(pem(key))
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key()))
    (tmp_path / "set.json").write_text(json.dumps({"keys": [{**jwk, "kid": "one"}]}))
    settings = SecuritySettings(
        algorithms=("EdDSA", "RS256"),
        public_key_file=str(tmp_path / "key.pem"),
        jwks_file=str(tmp_path / "set.json"),
    )
    ring = KeyRing(settings, tmp_path)
    verifier = Verifier(ring, settings.algorithms)
    assert isinstance(verifier.verify(token(key, "EdDSA"), NOW), Principal)
    named = jwt.encode(
        {"sub": "a", "exp": NOW + 9}, other, "RS256", headers={"kid": "one"}
    )
    assert isinstance(verifier.verify(named, NOW), Principal)
    unknown = jwt.encode(
        {"sub": "a", "exp": NOW + 9}, other, "RS256", headers={"kid": "two"}
    )
    assert verifier.verify(unknown, NOW) == Denied("VALIDATION_FAILED", "key")
    assert ring.set_good_at_s is not None
    (tmp_path / "set.json").write_text("broken")
    assert isinstance(verifier.verify(named, NOW), Principal)


@pytest.mark.parametrize("content", [b"", b"no key", b"[]", b"null", b"[" * 9999, None])
def test_a_named_file_without_a_key_is_an_error(
    tmp_path: Path, content: bytes | None
) -> None:
    """A file that is named has to hold a key when hiq starts."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    for name in ("public_key_file", "jwks_file"):
        settings = SecuritySettings(algorithms=("RS256",), **{name: str(path)})  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=rf"security\.{name}"):
            KeyRing(settings, tmp_path)


def test_made_listed_revoked(tmp_path: Path) -> None:
    """A token that was made is good until it is revoked, without a restart."""
    settings = SecuritySettings()
    ring, revoked = KeyRing(settings, tmp_path), Revoked(tmp_path)
    verifier = Verifier(ring, settings.algorithms, revoked=revoked)
    ledger = Ledger(tmp_path, NOW)
    made, issued = ledger.create(
        read_secret(settings, tmp_path),
        "alice",
        scopes=("read",),
        entities=("a.*",),
        seconds=60,
    )
    other, _ = ledger.create(
        read_secret(settings, tmp_path), "bob", scopes=("read",), seconds=60
    )
    principal = verifier.verify(made, NOW)
    assert isinstance(principal, Principal)
    assert principal.scopes.entities == ("a.*",)
    assert [one.sub for one in ledger.issued()] == ["alice", "bob"]
    assert made not in "".join(p.read_text() for p in tmp_path.glob("*.json"))
    assert ledger.revoke(issued.jti)
    assert ledger.revoke("unknown") is None
    assert verifier.verify(made, NOW) == Denied("VALIDATION_FAILED", "revoked")
    assert isinstance(verifier.verify(other, NOW), Principal)
    assert Ledger(tmp_path, NOW + 61).issued() == []


def test_a_damaged_list_of_revoked_stays_in_force(tmp_path: Path) -> None:
    """What was revoked is not forgiven because a file was damaged."""
    path = tmp_path / "revoked.json"
    path.write_text('{"gone": 1}')
    revoked = Revoked(tmp_path)
    assert revoked("gone")
    path.write_text("{")
    os.utime(path, ns=(1, 1))
    assert revoked("gone")
    path.unlink()
    assert revoked("gone")


def test_a_revoked_token_stays_revoked_as_long_as_it_could_be_used(
    tmp_path: Path,
) -> None:
    """Revoking another one within the leeway forgives nobody."""
    settings = SecuritySettings(leeway=60.0)
    verifier = Verifier(
        KeyRing(settings, tmp_path),
        settings.algorithms,
        leeway_s=60.0,
        revoked=Revoked(tmp_path),
    )

    def ledger(now_s: float) -> Ledger:
        return Ledger(tmp_path, now_s, leeway_s=60.0)

    secret = read_secret(settings, tmp_path)
    made, gone = ledger(NOW).create(secret, "a", scopes=("read",), seconds=100)
    late, used = ledger(NOW).create(secret, "b", scopes=("read",), seconds=100)
    assert ledger(NOW).revoke(gone.jti)
    assert [one.jti for one in ledger(NOW + 159).issued()] == [gone.jti, used.jti]
    assert ledger(NOW + 101).revoke(used.jti)
    for one in (made, late):
        verdict = verifier.verify(one, NOW + 102)
        assert verdict == Denied("VALIDATION_FAILED", "revoked")
    assert ledger(NOW + 160).issued() == []
    _, last = ledger(NOW + 160).create(secret, "c", scopes=("read",), seconds=100)
    assert ledger(NOW + 160).revoke(last.jti)
    assert list(json.loads((tmp_path / "revoked.json").read_text())) == [last.jti]
