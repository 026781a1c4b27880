"""Addresses that people write, and the candidates they make."""

import pytest

from hiq.ha.locate import Candidate, candidates, websocket_url
from hiq.settings.schema import HomeAssistantSettings

TOKEN = "t" * 40


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://ha.local:8123", "ws://ha.local:8123/api/websocket"),
        ("http://ha.local:8123/", "ws://ha.local:8123/api/websocket"),
        ("https://ha.example", "wss://ha.example/api/websocket"),
        ("ws://ha", "ws://ha/api/websocket"),
        ("wss://ha/api/websocket", "wss://ha/api/websocket"),
        ("wss://ha/api/websocket/", "wss://ha/api/websocket"),
        ("http://ha/api", "ws://ha/api/websocket"),
        ("http://ha/below/this/", "ws://ha/below/this/api/websocket"),
        ("http://http-proxy.local:8123", "ws://http-proxy.local:8123/api/websocket"),
        ("ha.local:8123", "ws://ha.local:8123/api/websocket"),
        ("192.168.1.5", "ws://192.168.1.5/api/websocket"),
        ("abc.ui.nabu.casa", "wss://abc.ui.nabu.casa/api/websocket"),
        ("abc.ui.nabu.casa:443", "wss://abc.ui.nabu.casa:443/api/websocket"),
        ("http://[fd00::1]:8123", "ws://[fd00::1]:8123/api/websocket"),
        (" HTTP://HA ", "ws://HA/api/websocket"),
        ("http://supervisor/core", "ws://supervisor/core/websocket"),
        ("http://supervisor/core/api", "ws://supervisor/core/websocket"),
        ("ws://supervisor/core/websocket", "ws://supervisor/core/websocket"),
    ],
)
def test_any_spelling_leads_to_the_websocket_api(written, url):
    """Scheme and path are derived, the host is never touched."""
    assert websocket_url(written) == url


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("ftp://ha", "ftp:// cannot be used"),
        ("http://", "host is missing"),
        ("", "host is missing"),
        ("http://ha:0", "port"),
        ("http://ha:99999", "port"),
        ("http://ha:port", "port"),
        ("http://user:secret@ha", "takes a token"),
        ("http://ha/?x=1", "no . or # part"),
        ("http://ha/#x", "no . or # part"),
        ("http://h a", "no blanks"),
        ("http://[fd00::1", "IPv6"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(written, reason):
    """The error says what is wrong and does not repeat a password."""
    with pytest.raises(ValueError, match=reason) as caught:
        websocket_url(written)
    assert "secret" not in str(caught.value)


def test_the_options_go_with_the_candidate():
    """A candidate has all that one connection needs, the fallback comes second."""
    settings = HomeAssistantSettings(
        url="https://ha",
        token=TOKEN,
        verify_ssl=False,
        max_message_bytes=5,
        fallback=HomeAssistantSettings(
            url="wss://x.ui.nabu.casa", token_file="/t", ca_cert="/c"
        ),
    )
    assert candidates(settings, {"SUPERVISOR_TOKEN": "s" * 40}) == [
        Candidate(
            "primary",
            "wss://ha/api/websocket",
            token=TOKEN,
            verify_ssl=False,
            max_message_bytes=5,
        ),
        Candidate(
            "fallback",
            "wss://x.ui.nabu.casa/api/websocket",
            token_file="/t",
            ca_cert="/c",
        ),
    ]


@pytest.mark.parametrize(
    ("url", "name", "expected", "token"),
    [
        (None, "supervisor", "ws://supervisor/core/websocket", "s" * 40),
        (
            "http://supervisor/core",
            "supervisor",
            "ws://supervisor/core/websocket",
            "s" * 40,
        ),
        ("http://other:8123", "primary", "ws://other:8123/api/websocket", None),
    ],
)
def test_the_supervisors_token_goes_to_the_supervisor_only(url, name, expected, token):
    """Inside Home Assistant OS nothing needs to be set; no other host gets the token."""
    settings = HomeAssistantSettings(**({} if url is None else {"url": url}))
    (found,) = candidates(settings, {"SUPERVISOR_TOKEN": "s" * 40})
    assert (found.name, found.url, found.token) == (name, expected, token)


def test_a_candidate_does_not_show_its_token():
    """What may end in a log has no secret."""
    assert TOKEN not in repr(Candidate("primary", "ws://ha", token=TOKEN))
