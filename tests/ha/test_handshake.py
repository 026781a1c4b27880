"""What is said when no connection is made, and what TLS trusts."""

import ssl

import pytest

from hiq.errors import ConnectionLost
from hiq.ha.opening import tls_context
from tests.ha.inbox import Inbox
from tests.ha.server import serving


async def test_nobody_there_is_a_refusal(unused_tcp_port):
    """A closed port is told as such."""
    with pytest.raises(ConnectionLost) as caught:
        await Inbox().connection.open(f"ws://127.0.0.1:{unused_tcp_port}/")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def greet(socket):
    """Say one thing."""
    await socket.send("hello")
    await socket.wait_closed()


async def test_an_unknown_certificate_is_refused(certificate):
    """Verification is on by default, and the error says what helps."""
    async with serving(greet, certificate[1]) as url:
        tls = tls_context(verify=True, ca_cert=None)
        with pytest.raises(ConnectionLost, match=r"self-signed.*ca_cert") as caught:
            await Inbox().connection.open(url, tls=tls)
    assert isinstance(caught.value.__cause__, ssl.SSLError)


@pytest.mark.parametrize("how", ["trusted", "unverified"])
async def test_a_certificate_can_be_trusted(certificate, how):
    """ca_cert adds a certificate, verify_ssl: false takes any."""
    cert, context = certificate
    tls = (
        tls_context(verify=True, ca_cert=str(cert))
        if how == "trusted"
        else tls_context(verify=False, ca_cert=None)
    )
    async with serving(greet, context) as url:
        inbox = Inbox()
        await inbox.connection.open(url, tls=tls)
        await inbox.until(1)
        await inbox.connection.close()
    assert inbox.messages == [b"hello"]


def test_a_ca_file_that_is_not_there_is_named():
    """The loss names the file, so that health shows it."""
    with pytest.raises(ConnectionLost, match=r"/nowhere\.pem: No such file"):
        tls_context(verify=True, ca_cert="/nowhere.pem")
