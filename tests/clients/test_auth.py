"""Tokens: the table of verdicts, where a token is found, throttling, counts."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from hiq.clients.auth import Verifier
from hiq.clients.clocks import moment
from hiq.clients.counts import Counts, Throttle
from hiq.clients.denied import CODES, Denied
from hiq.clients.offered import find_token
from hiq.clients.principal import Principal, Scopes
from tests.clients.tokens import NOW, SECRET, Ring, token


def segment(**claims: object) -> str:
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def signed_deep() -> str:
    """A token with claims that are nested too deep to be read."""
    return jwt.api_jws.encode(b"[" * 5000, SECRET, "HS256")


DEEP = base64.urlsafe_b64encode(b'{"a":' + b"[" * 5900).decode().rstrip("=")
NONE_TOKEN = f"{segment(alg='none')}.{segment(sub='alice', exp=NOW + 60)}."
OTHER = b"another secret of thirty-two bytes"
TABLE = {
    "not a token": ("hello", "INVALID_FORMAT", ""),
    "the word valid": ("valid-token-valid", "INVALID_FORMAT", ""),
    "two dots of nothing": ("a.b.c", "INVALID_FORMAT", ""),
    "algorithm is a list": (
        f"{segment(alg=['HS256'])}.{segment()}.AAAA",
        "VALIDATION_FAILED",
        "algorithm",
    ),
    "algorithm is an object": (
        f"{segment(alg={})}.{segment()}.AAAA",
        "VALIDATION_FAILED",
        "algorithm",
    ),
    "header of many brackets": (f"{DEEP}.{segment()}.AAAA", "INVALID_FORMAT", ""),
    "claims of many brackets": (signed_deep(), "INVALID_FORMAT", ""),
    "header is no JSON": (f"e30x.{segment()}.x", "INVALID_FORMAT", ""),
    "expired": (token(exp=int(NOW) - 3600), "TOKEN_EXPIRED", ""),
    "expires now": (token(exp=int(NOW)), "TOKEN_EXPIRED", ""),
    "wrong key": (token(OTHER), "VALIDATION_FAILED", "signature"),
    "expired and wrong key": (
        token(OTHER, exp=1),
        "VALIDATION_FAILED",
        "signature",
    ),
    "no signature": (NONE_TOKEN, "VALIDATION_FAILED", "algorithm"),
    "no signature at all": (token().rpartition(".")[0], "INVALID_FORMAT", ""),
    "another's signature": (
        token().rpartition(".")[0] + "." + token(sub="bob").rpartition(".")[2],
        "VALIDATION_FAILED",
        "signature",
    ),
    "not allowed": (token(SECRET * 2, "HS512"), "VALIDATION_FAILED", "algorithm"),
    "no exp": (token(exp=None), "VALIDATION_FAILED", "exp"),
    "exp is a text": (token(exp="soon"), "VALIDATION_FAILED", "exp"),
    "exp in milliseconds": (token(exp=int(NOW) * 1000), "VALIDATION_FAILED", "exp"),
    "exp is a boolean": (token(exp=True), "VALIDATION_FAILED", "exp"),
    "not yet": (token(nbf=int(NOW) + 60), "VALIDATION_FAILED", "nbf"),
    "made tomorrow": (token(iat=int(NOW) + 86400), "VALIDATION_FAILED", "iat"),
    "no sub": (token(sub=None), "MISSING_USER_ID", ""),
    "empty sub": (token(sub=""), "MISSING_USER_ID", ""),
    "sub is no text of Unicode": (
        token(sub="a\udcff"),
        "VALIDATION_FAILED",
        "sub",
    ),
    "wrong audience": (token(aud="other"), "VALIDATION_FAILED", "audience"),
    "wrong issuer": (token(aud="hiq", iss="x"), "VALIDATION_FAILED", "issuer"),
    "revoked": (token(jti="gone"), "VALIDATION_FAILED", "revoked"),
    "scope is a number": (token(scope=7), "VALIDATION_FAILED", "scope"),
    "entities are a text": (token(entities="*"), "VALIDATION_FAILED", "entities"),
    "entities are no text of Unicode": (
        token(entities=["light.\udcff"]),
        "VALIDATION_FAILED",
        "entities",
    ),
    "event types are no text of Unicode": (
        token(event_types=["\ud800"]),
        "VALIDATION_FAILED",
        "event_types",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_bad_token_has_its_code(name: str) -> None:
    """Every bad token is refused, with the code and the rule that it breaks."""
    given, code, detail = TABLE[name]
    about = {"audience": "hiq"} if detail == "audience" else {}
    if detail == "issuer":
        about = {"audience": "hiq", "issuer": "hiq"}
    verifier = Verifier(Ring(), ["HS256"], revoked=lambda jti: jti == "gone", **about)
    verdict = verifier.verify(given, NOW)
    assert verdict == Denied(code, detail)
    assert given not in verdict.body().decode()


def test_a_good_token_says_who_and_what() -> None:
    """Subject, end and scopes are taken from the token and from nowhere else."""
    found = Verifier(Ring(), ["HS256"]).verify(
        token(scope="read nonsense", entities=["light.*"], event_types=["a"]), NOW
    )
    scopes = Scopes(frozenset({"read"}), ("light.*",), frozenset({"a"}))
    assert found == Principal("alice", scopes, NOW + 3600)
    plain = Verifier(Ring(), ["HS256"]).verify(token(scope=None), NOW)
    assert isinstance(plain, Principal)
    assert plain.scopes == Scopes()


def test_leeway_is_as_configured() -> None:
    """A token ends late by the leeway, and by nothing more."""
    verifier = Verifier(Ring(), ["HS256"], leeway_s=5)
    given = token(exp=int(NOW))
    assert isinstance(verifier.verify(given, NOW + 4.9), Principal)
    assert verifier.verify(given, NOW + 5) == Denied("TOKEN_EXPIRED")


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_public_keys(algorithm: str) -> None:
    """A public key verifies; as a secret of HS256 it is worth nothing."""
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "RS256":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key()
    verifier = Verifier(Ring(**{algorithm: public}), [algorithm])
    assert isinstance(verifier.verify(token(private, algorithm), NOW), Principal)
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head, body = token().split(".")[:2]
    forged = f"{head}.{body}." + base64.urlsafe_b64encode(
        jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            f"{head}.{body}".encode(), pem
        )
    ).decode().rstrip("=")
    assert verifier.verify(forged, NOW) == Denied("VALIDATION_FAILED", "algorithm")


def test_without_keys_nobody_is_judged() -> None:
    """No key is a fault of ours: 503, and trying again makes sense."""
    verdict = Verifier(Ring(ES256=1), ["HS256"]).verify(token(), NOW)
    assert verdict == Denied("AUTH_SERVICE_ERROR")
    assert verdict.status == 503


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256", "None"]])
def test_none_is_never_allowed(algorithms: list[str]) -> None:
    """The list of algorithms is not empty and does not hold `none`."""
    with pytest.raises(ValueError, match="none"):
        Verifier(Ring(), algorithms)


@pytest.mark.parametrize(
    ("header", "offers", "query", "expected"),
    [
        ("Bearer abc", [], [], "abc"),
        ("bearer  abc ", ["hiq.v1"], [], "abc"),
        (None, ["hiq.v1", "bearer.abc"], [], "abc"),
        ("Bearer abc", ["bearer.abc"], [], "abc"),
        ("Bearer abc", ["bearer.abd"], [], "INVALID_FORMAT"),
        ("Bearer é", ["bearer.e"], [], "INVALID_FORMAT"),
        ("Bearer \udcff", ["bearer.\udcff"], [], "\udcff"),
        ("Bearer \udcff", ["bearer.?"], [], "INVALID_FORMAT"),
        ("Bearer \ud800", ["bearer.\udcff"], [], "INVALID_FORMAT"),
        ("Basic abc", [], [], "INVALID_FORMAT"),
        ("Bearer " + "a" * 8193, [], [], "INVALID_FORMAT"),
        ("Bearer abc", [], ["token"], "TOKEN_IN_QUERY"),
        (None, ["hiq.v1"], [], "NO_TOKEN"),
        (None, [], ["access_token"], "TOKEN_IN_QUERY"),
    ],
)
def test_where_a_token_is_found(
    header: str | None, offers: list[str], query: list[str], expected: str
) -> None:
    """Header or subprotocol, never the address; both only if they are equal."""
    found = find_token(header, offers, query)
    assert (found.code if isinstance(found, Denied) else found) == expected


def test_refusals_say_what_the_table_says() -> None:
    """Status, retry and text of each code are the documented ones."""
    retry = {code for code, (_status, again, _text) in CODES.items() if again}
    assert retry == {
        "TOKEN_EXPIRED",
        "AUTH_SERVICE_ERROR",
        "AUTH_THROTTLED",
        "CONNECTION_LIMIT",
    }
    found = Denied("AUTH_THROTTLED", retry_after_s=5)
    body = json.loads(found.body())
    assert (found.status, body["retry_allowed"], body["retry_after"]) == (429, True, 5)
    assert found.headers["Retry-After"] == "5"
    assert all(len(text) > 20 for _status, _again, text in CODES.values())


def test_who_fails_too_often_waits_and_nobody_else() -> None:
    """After three failures an address waits five seconds; another one does not."""
    throttle = Throttle(3)
    for _ in range(3):
        assert throttle.wait_s("bad", 0.0) == 0.0
        throttle.failed("bad", 0.0)
    assert throttle.wait_s("bad", 1.0) == 4.0
    assert throttle.wait_s("good", 1.0) == 0.0
    assert throttle.wait_s("bad", 5.0) == 0.0
    throttle.failed("bad", 5.0)
    assert throttle.wait_s("bad", 6.0) == 4.0
    assert throttle.wait_s("bad", 66.0) == 0.0
    assert len(throttle) == 0


def test_the_addresses_are_bounded() -> None:
    """Ten thousand addresses that fail are not all remembered."""
    throttle = Throttle(3)
    for number in range(10_000):
        throttle.failed(str(number), 0.0)
    assert len(throttle) == 4096


def test_handshakes_are_counted() -> None:
    """Three good and two bad are exactly that."""
    counts = Counts()
    for _ in range(3):
        counts.count(Principal("alice", Scopes()))
    counts.count(Denied("NO_TOKEN"))
    counts.count(Denied("TOKEN_EXPIRED"))
    assert (counts.attempts, counts.successes) == (5, 3)
    assert counts.failures == {"NO_TOKEN": 1, "TOKEN_EXPIRED": 1}


def test_the_last_moment_that_has_a_date() -> None:
    """The end of a token can be told as a date, whatever it is."""
    found = Verifier(Ring(), ["HS256"]).verify(token(exp=253_402_300_799), NOW)
    assert isinstance(found, Principal)
    assert found.expires_s is not None
    assert moment(found.expires_s) == "9999-12-31T23:59:59Z"
    almost = token(exp=253_402_300_799.9999999)
    assert Verifier(Ring(), ["HS256"]).verify(almost, NOW) == Denied(
        "VALIDATION_FAILED", "exp"
    )
