"""The Autobahn campaign's own parts: its client, and what it makes of a report."""

from __future__ import annotations

import json

import pytest

from tests.autobahn.client import Echo, agents
from tests.autobahn.expected import main
from tests.ha.server import serving


def report(**outcomes: tuple[str, str]) -> str:
    """A report of the suite on one agent; `_` stands for the dots of a case."""
    return json.dumps(
        {
            "hiq": {
                name[1:].replace("_", "."): {"behavior": mine, "behaviorClose": end}
                for name, (mine, end) in outcomes.items()
            }
        }
    )


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (report(c1_1_1=("OK", "OK"), c12_1_1=("UNIMPLEMENTED", "OK")), 0),
        (report(c4_1_3=("NON-STRICT", "OK"), c7_1_2=("FAILED", "WRONG CODE")), 0),
        (report(c1_1_1=("FAILED", "OK")), 1),
        (report(c1_1_1=("OK", "UNCLEAN")), 1),
        (report(c6_1_1=("NON-STRICT", "OK")), 1),
        ("{}", 1),
    ],
)
def test_what_was_not_expected_is_an_error(tmp_path, capsys, text, status):
    """Only the differences that are documented are let pass."""
    path = tmp_path / "index.json"
    path.write_text(text, encoding="utf-8")
    assert main(str(path)) == status
    assert ("UNEXPECTED" in capsys.readouterr().out) == (status == 1 and text != "{}")


async def test_the_client_sends_back_what_it_gets():
    """Text as text, binary as binary, until the server ends it."""
    back = []

    async def handler(socket):
        for message in ("text", b"binary"):
            await socket.send(message)
            back.append(await socket.recv())

    async with serving(handler) as url:
        await Echo().run(url)
    assert back == ["text", b"binary"]
    assert set(agents()) == {"hiq-compiled", "hiq-plain"}
