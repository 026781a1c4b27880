"""What each dialect sends, and what an answer means: the table of outcomes."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from multidict import CIMultiDict

from hiq.settings.schema import SinkSettings
from hiq.sink.base import Done, Hold, Refused, Retry, TooBig
from hiq.sink.dialect import dialect, outcome

TYPES = ("influxdb1", "influxdb2", "influxdb3", "victoriametrics")


def settings(kind: str = "influxdb1", **more) -> SinkSettings:
    return SinkSettings(name="db", type=kind, **more)


@pytest.mark.parametrize(
    ("kind", "more", "path", "query"),
    [
        (
            "influxdb1",
            {"database": "a b", "retention_policy": "year"},
            "/write",
            {"db": "a b", "precision": "n", "rp": "year"},
        ),
        (
            "influxdb2",
            {"bucket": "x", "org": "home & co"},
            "/api/v2/write",
            {"org": "home & co", "bucket": "x", "precision": "ns"},
        ),
        (
            "influxdb3",
            {"database": "x"},
            "/api/v3/write_lp",
            {
                "db": "x",
                "precision": "nanosecond",
                "accept_partial": "true",
                "no_sync": "false",
            },
        ),
        ("victoriametrics", {}, "/write", {"precision": "ns"}),
        (
            "victoriametrics",
            {"database": "x"},
            "/write",
            {"precision": "ns", "db": "x"},
        ),
    ],
)
def test_write_url_spells_precision_for_its_api(kind, more, path, query) -> None:
    """Path and query are the API's own, with nanoseconds always said."""
    parts = urlsplit(dialect(settings(kind, url="http://h:1/base/", **more)).write_url)
    assert parts.path == "/base" + path
    assert dict(parse_qsl(parts.query)) == query


@pytest.mark.parametrize(
    ("kind", "more", "header"),
    [
        ("influxdb1", {"username": "u", "password": "p"}, "Basic dTpw"),
        ("influxdb1", {"url": "http://u:p@h:1"}, "Basic dTpw"),
        ("influxdb1", {}, None),
        ("influxdb2", {"token": "t"}, "Token t"),
        ("influxdb3", {"token": "t"}, "Bearer t"),
        ("victoriametrics", {"token": "t"}, "Bearer t"),
        ("victoriametrics", {"username": "u", "password": "p"}, "Basic dTpw"),
    ],
)
def test_credentials_go_into_the_header_of_the_api(kind, more, header) -> None:
    """Each API gets its own form of login, or none."""
    assert dialect(settings(kind, **more)).headers.get("Authorization") == header


def test_secrets_are_in_no_repr_and_no_url() -> None:
    """Neither the repr nor any URL shows what the user keeps secret."""
    kind = dialect(settings(url="http://user:geheim@h:1/"))
    shown = repr(kind) + kind.write_url + kind.url("/ping", q="1")
    assert "geheim" not in shown
    assert "user" not in shown


@pytest.mark.parametrize("url", ["ftp://h", "h:8086", "http://"])
def test_unusable_url_is_refused_without_its_password(url) -> None:
    """A URL that is not HTTP is an error that names it."""
    with pytest.raises(ValueError, match="url"):
        dialect(settings(url=url))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, Done),
        (200, Retry),
        (202, Retry),
        (301, Hold),
        (307, Hold),
        (400, Refused),
        (401, Hold),
        (403, Hold),
        (404, Hold),
        (405, Hold),
        (408, Retry),
        (413, TooBig),
        (422, Refused),
        (429, Retry),
        (500, Retry),
        (502, Retry),
        (503, Retry),
        (504, Retry),
    ],
)
def test_every_status_has_one_outcome(kind, status, expected) -> None:
    """The table of statuses is the same for all dialects."""
    found = outcome(dialect(settings(kind)), status, {}, b"words of the server")
    assert type(found) is expected


@pytest.mark.parametrize(
    ("kind", "status", "body", "words"),
    [
        ("influxdb1", 401, b"", "username and password"),
        ("influxdb2", 401, b"", "token"),
        ("influxdb1", 403, b"", "grant"),
        ("influxdb3", 403, b"", "token that may write"),
        ("influxdb1", 404, b"database not found", "CREATE DATABASE"),
        ("influxdb1", 400, b'{"error":"database is required"}', "CREATE DATABASE"),
        ("influxdb2", 404, b"404 page not found", "no write path"),
        ("influxdb2", 404, b'{"message":"bucket \\"x\\" not found"}', "bucket create"),
        ("influxdb2", 404, b"organization name not found", "org"),
        ("influxdb3", 404, b"", "influxdb3 create database"),
        ("victoriametrics", 404, b"unsupported path requested", "no write path"),
    ],
)
def test_hold_says_what_to_repair(kind, status, body, words) -> None:
    """The advice names which of the possible causes it is."""
    found = outcome(dialect(settings(kind)), status, {}, body)
    assert isinstance(found, Hold)
    assert words in found.advice


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("999999", 3600.0),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0),
        ("soon", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured_and_bounded(value, seconds) -> None:
    """Seconds and dates are understood, nonsense and excess are not obeyed."""
    found = outcome(
        dialect(settings()), 429, CIMultiDict({"retry-after": value}), b"", now_s=10.0
    )
    assert isinstance(found, Retry)
    assert found.after_s == seconds


def test_redirect_target_is_shown_without_its_secrets() -> None:
    """A redirect is not followed, and its query and login are not repeated."""
    place = {"Location": "https://u:pw@other/write?token=abc"}
    found = outcome(dialect(settings()), 302, place, b"")
    assert isinstance(found, Hold)
    assert "https://other/write" in found.reason
    assert "pw" not in found.reason
    assert "abc" not in found.reason


def test_long_answers_are_cut() -> None:
    """A reason is short, whatever the server answers."""
    found = outcome(dialect(settings()), 400, {}, b"x" * 60_000)
    assert len(found.reason) < 600
