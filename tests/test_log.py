"""Logging: one handler, JSON or text, and no secret in any line."""

from __future__ import annotations

import io
import json
import logging
import warnings

import pytest

from hiq import log
from hiq.settings import LogSettings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.secret-payload-9876"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Leave the logging of the process as it was."""
    monkeypatch.setattr(log, "_SECRETS", set())
    root, ours = logging.getLogger(), logging.getLogger("hiq")
    before = (list(root.handlers), root.level, ours.level)
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level, ours.level = before
    root.setLevel(before[1])


def lines(stream):
    """Parse what was written as JSON, line by line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_when_not_on_a_terminal():
    """Every line is one JSON object with time in UTC, level, logger and caller."""
    stream = io.StringIO()
    log.setup(LogSettings(), stream)
    logging.getLogger("hiq.ingest").info("connected", extra={"url": "http://ha:8123"})
    (line,) = lines(stream)
    assert line["timestamp"].endswith("Z")
    assert line["timestamp"].count("+") == 0
    assert (line["level"], line["logger"]) == ("INFO", "hiq.ingest")
    assert (line["message"], line["url"]) == ("connected", "http://ha:8123")
    assert line["context"]["function"] == "test_json_when_not_on_a_terminal"
    assert line["context"]["filename"] == "test_log.py"
    assert line["context"]["lineno"] > 0


def test_text_on_a_terminal():
    """A person gets one readable line with the fields behind the message."""
    stream = Terminal()
    log.setup(LogSettings(), stream)
    logging.getLogger("hiq.sink").warning("held", extra={"sink": "influxdb"})
    assert stream.getvalue().endswith(" WARNING hiq.sink: held sink=influxdb\n")


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [("json", Terminal(), True), ("text", io.StringIO(), False)],
)
def test_the_format_can_be_fixed(form, stream, is_json):
    """`log.format` wins over what the stream is."""
    log.setup(LogSettings(format=form), stream)
    logging.getLogger("hiq.x").info("hello")
    assert stream.getvalue().startswith("{") is is_json


def test_levels():
    """The level is that of hiq; libraries speak from WARNING on."""
    stream = io.StringIO()
    log.setup(LogSettings(level="debug"), stream)
    logging.getLogger("hiq.x").debug("ours")
    logging.getLogger("aiohttp").info("theirs")
    logging.getLogger("aiohttp").warning("theirs too")
    assert [line["message"] for line in lines(stream)] == ["ours", "theirs too"]


def test_quiet_is_for_commands():
    """A command that prints a table hears warnings only."""
    stream = io.StringIO()
    log.setup(LogSettings(level="debug"), stream, quiet=True)
    logging.getLogger("hiq.x").info("no")
    logging.getLogger("hiq.x").warning("yes")
    assert [line["message"] for line in lines(stream)] == ["yes"]


def test_setup_twice_writes_once():
    """A second set-up replaces the handler of the first."""
    first, second = io.StringIO(), io.StringIO()
    log.setup(LogSettings(), first)
    log.setup(LogSettings(), second)
    logging.getLogger("hiq.x").info("hello")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1


def test_warnings_of_python_are_lines_too():
    """A Python warning does not break the stream of JSON lines."""
    stream = io.StringIO()
    log.setup(LogSettings(), stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = lines(stream)
    assert "old" in line["message"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_in_any_line(form):
    """A known secret is masked in message, arguments, fields, containers, traceback."""
    stream = io.StringIO()
    log.hide(TOKEN, None, "")
    log.setup(LogSettings(format=form, level="debug"), stream)
    logger = logging.getLogger("hiq.ha")
    logger.info("token %s", TOKEN)
    logger.info("Bearer %s!", TOKEN, extra={"token": TOKEN})
    logger.info("x", extra={"headers": {"Authorization": [f"Token {TOKEN}"]}})
    logger.info("x", extra={"object": ValueError(TOKEN)})
    try:
        raise RuntimeError(f"no {TOKEN}")
    except RuntimeError:
        logger.exception("failed")
    text = stream.getvalue()
    assert TOKEN not in text
    assert "****9876" in text
    assert "RuntimeError" in text


def test_short_texts_are_no_secrets():
    """Masking a text of three letters would garble every line."""
    stream = io.StringIO()
    log.hide("hiq")
    log.setup(LogSettings(), stream)
    logging.getLogger("hiq.x").info("hiq")
    assert lines(stream)[0]["message"] == "hiq"


def test_fields_of_the_caller_are_kept():
    """A field that has the name of one of ours stays, with an underscore."""
    stream = io.StringIO()
    log.setup(LogSettings(), stream)
    logging.getLogger("hiq.x").info("m", extra={"level": 5, "context": "mine"})
    (line,) = lines(stream)
    assert (line["level"], line["level_"]) == ("INFO", 5)
    assert line["context_"] == "mine"


def test_odd_values_are_still_json():
    """Not finite numbers, surrogates, big integers and objects make valid lines."""
    stream = io.StringIO()
    log.setup(LogSettings(), stream)
    logging.getLogger("hiq.x").info(
        "a\nb \ud800",
        extra={
            "nan": float("nan"),
            "big": 2**80,
            "half": 0.5,
            "set": {1},
            "none": None,
            "map": {1: object},
        },
    )
    (line,) = lines(stream)
    assert line["nan"] == "nan"
    assert (line["big"], line["half"], line["set"], line["none"]) == (
        2**80,
        0.5,
        [1],
        None,
    )
    assert line["map"] == {"1": "<class 'object'>"}


def test_exceptions_are_a_field():
    """A traceback stays inside its JSON line."""
    stream = io.StringIO()
    log.setup(LogSettings(), stream)
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("hiq.x").exception("failed")
    (line,) = lines(stream)
    assert "KeyError: 'x'" in line["exception"]
    assert "Traceback" in line["exception"]


def test_mask_shows_the_last_four_of_long_secrets_only():
    """Of a short secret four characters would be too much."""
    assert log.mask(TOKEN) == "****9876"
    assert log.mask("correct horse battery staple") == "****"
    assert log.mask("") == "****"


def test_throttle_lets_one_through_per_interval():
    """The first passes, repeats are counted, the next interval tells the count."""
    now = [0.0]
    throttle = log.Throttle(60.0, lambda: now[0])
    assert throttle.allow("a") == 0
    assert [throttle.allow("a") for _ in range(3)] == [None, None, None]
    assert throttle.allow("b") == 0
    now[0] = 60.0
    assert throttle.allow("a") == 3
    now[0] = 119.0
    assert throttle.allow("a") is None


def test_throttle_is_bounded():
    """Of many keys the one not used for longest is forgotten."""
    throttle = log.Throttle(60.0, lambda: 0.0, limit=2)
    assert [throttle.allow(key) for key in "abab"] == [0, 0, None, None]
    assert throttle.allow("c") == 0
    assert throttle.allow("b") is None
    assert throttle.allow("a") == 0
