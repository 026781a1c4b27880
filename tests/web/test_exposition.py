"""The text format, judged by Prometheus' own parser."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hiq.web.exposition import Family, text_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@given(TEXTS, st.floats(allow_nan=False))
def test_any_label_and_value_come_back(label: str, value: float) -> None:
    """Quotes, backslashes and line ends in a label, and every number, survive."""
    text = text_of([Family("a", "b", labels=("c", "d")).add(value, label, "x")])
    (family,) = text_string_to_metric_families(text.decode())
    (sample,) = family.samples
    assert sample.labels == {"c": label, "d": "x"}
    assert sample.value == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_number_has_its_name(value: float) -> None:
    """Infinity and not-a-number are what the parser understands by them."""
    (family,) = text_string_to_metric_families(
        text_of([Family("a", "b").add(value)]).decode()
    )
    assert repr(family.samples[0].value) == repr(value)


def test_help_keeps_its_line() -> None:
    """A line end in a help text does not end the line."""
    text = text_of([Family("a_total", "one\ntwo\\", "counter").add(1)])
    assert (
        text == b"# HELP a_total one\\ntwo\\\\\n# TYPE a_total counter\na_total 1.0\n"
    )
    (family,) = text_string_to_metric_families(text.decode())
    assert (family.documentation, family.type) == ("one\ntwo\\", "counter")


def test_a_histogram_has_buckets_count_and_sum() -> None:
    """The last bucket is the count."""
    family = Family("h", "b", "histogram", ("t",))
    family.add_histogram(("x",), [("0.5", 1), ("+Inf", 3)], 2.5)
    (read,) = text_string_to_metric_families(text_of([family]).decode())
    assert read.type == "histogram"
    assert [(s.name, s.labels.get("le"), s.value) for s in read.samples] == [
        ("h_bucket", "0.5", 1),
        ("h_bucket", "+Inf", 3),
        ("h_count", None, 3),
        ("h_sum", None, 2.5),
    ]


def test_labels_and_values_must_match() -> None:
    """A forgotten label is a fault of ours, and is not hidden."""
    with pytest.raises(ValueError, match="zip"):
        Family("a", "b", labels=("c",)).add(1)
