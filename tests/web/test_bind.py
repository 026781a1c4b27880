"""Taking the port: what can be had, and what is said otherwise."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hiq.errors import ConfigError
from hiq.settings import HttpSettings
from hiq.web.bind import bind, is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.5", False),
        ("localhost.evil.example", False),
        ("hiq.lan", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    """Only addresses that no other machine reaches are loopback."""
    assert is_loopback(host) is expected


def test_port_taken() -> None:
    """A taken port is one problem that names port and setting."""
    first = bind(HttpSettings(port=0))
    try:
        with pytest.raises(ConfigError) as caught:
            bind(HttpSettings(port=first.port))
    finally:
        first.close()
    (problem,) = caught.value.problems
    assert problem.key == "http.port"
    assert f"127.0.0.1:{first.port} is taken" in problem.message


def test_the_port_is_free_again_after_close() -> None:
    """A closed port can be taken at once, and closing twice does nothing."""
    first = bind(HttpSettings(port=0))
    port = first.port
    first.close()
    first.close()
    again = bind(HttpSettings(port=port))
    assert again.port == port
    again.close()


def test_who_comes_early_waits() -> None:
    """The sockets listen at once, before any server reads them."""
    bound = bind(HttpSettings(port=0))
    try:
        with socket.create_connection(("127.0.0.1", bound.port), timeout=5) as early:
            assert early.getpeername()[1] == bound.port
    finally:
        bound.close()


def test_a_name_with_two_addresses() -> None:
    """Every address of a host name is served on the same port."""
    bound = bind(HttpSettings(host="localhost", port=0))
    try:
        assert {sock.getsockname()[1] for sock in bound.sockets} == {bound.port}
    finally:
        bound.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_address_of_another_machine(host: str) -> None:
    """An address that this machine does not have names the host."""
    with pytest.raises(ConfigError) as caught:
        bind(HttpSettings(host=host, port=0))
    assert caught.value.problems[0].key == "http.host"


def test_no_authentication_off_loopback() -> None:
    """`auth: none` is refused where others can reach it."""
    with pytest.raises(ConfigError) as caught:
        bind(HttpSettings(host="0.0.0.0", port=0, auth="none"))
    assert caught.value.problems[0].key == "http.auth"


def test_bad_certificate(tmp_path: Path) -> None:
    """A certificate that cannot be read names its setting."""
    with pytest.raises(ConfigError) as caught:
        bind(HttpSettings(port=0, tls_cert=str(tmp_path / "none.pem")))
    assert caught.value.problems[0].key == "http.tls_cert"


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")],
)
def test_url(host: str, shown: str) -> None:
    """The URL is one that a browser on this machine can open."""
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    bound = bind(HttpSettings(host=host, port=0))
    try:
        assert bound.url == f"http://{shown}:{bound.port}"
    finally:
        bound.close()


def has_ipv6() -> bool:
    """Whether ::1 can be bound."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
        return True
