"""Type conflicts: the words of databases, and lines whose fields get other names."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.sink.coerce import MOST, Coercer, Conflict, conflict

V1 = (
    'partial write: field type conflict: input field "{0}" on measurement "{1}" '
    "is type {2}, already exists as type float dropped=1"
)
V3 = (
    "invalid column type for column '{0}', expected iox::column_type::field::float, "
    "got iox::column_type::field::{2}"
)


@pytest.mark.parametrize("kind", ["string", "float", "integer", "boolean"])
def test_the_words_of_databases_are_understood(kind):
    """Field, measurement and type, also with spaces in the names."""
    assert conflict(V1.format("a b", "°C x", kind)) == Conflict("°C x", "a b", kind)
    quoted = json.dumps({"error": V1.format("v", "m", kind)})
    assert conflict(f"400: {quoted}") == Conflict("m", "v", kind)
    assert conflict(V3.format("v", "", kind)) == Conflict("", "v", kind)


@pytest.mark.parametrize(
    "reason", ["unable to parse 'x'", "", V1.format("v", "m", "tag"), "status 400"]
)
def test_other_words_are_none(reason):
    """What is not clearly a conflict is left to halving."""
    assert conflict(reason) is None
    assert Coercer().mend(b"m v=1 1\n", reason) is None


@pytest.mark.parametrize(
    ("line", "kind", "mended"),
    [
        (b'm,a=b v="on" 1', "string", b'm,a=b v_str="on" 1'),
        (b'm,a=b u=1,v="a,b \\" c=d",w=2 1', "string",
         b'm,a=b u=1,v_str="a,b \\" c=d",w=2 1'),
        (b"m v=1.5 1", "float", b"m v_float=1.5 1"),
        (b"m v=3i 1", "integer", b"m v_int=3i 1"),
        (b"m v=true 1", "boolean", b"m v_bool=true 1"),
        (b'm v="x" 1', "float", None),
        (b'n v="x" 1', "string", None),
        (b'm w="x" 1', "string", None),
        (b'm v="x",v_str="y" 1', "string", None),
        (b"broken", "string", None),
    ],
)  # fmt: skip
def test_only_the_field_of_the_conflict_is_renamed(line, kind, mended):
    """Measurement, name and type must fit; tags, stamp and the rest stay."""
    found = Coercer().mend(line + b"\n", V1.format("v", "m", kind))
    assert found == (None if mended is None else mended + b"\n")


def test_names_with_escapes_fit_what_the_database_calls_them():
    """The database names them without escapes."""
    found = Coercer().mend(
        b'a\\ b,t=u c\\,d="x" 1\n', V1.format("c,d", "a b", "string")
    )
    assert found == b'a\\ b,t=u c\\,d_str="x" 1\n'


def test_what_was_learned_is_mended_at_once():
    """A second conflict mends the first one's lines too; the memory is bounded."""
    coercer = Coercer()
    lines = b'm v="a" 1\nm w="b" 2\n'
    once = coercer.mend(lines, V1.format("v", "m", "string"))
    assert once == b'm v_str="a" 1\nm w="b" 2\n'
    assert coercer.mend(lines, V1.format("w", "m", "string")) == (
        b'm v_str="a" 1\nm w_str="b" 2\n'
    )
    assert coercer.renamed == 3
    for number in range(MOST + 5):
        coercer.mend(b"", V1.format(f"f{number}", "m", "string"))
    assert len(coercer._known) == MOST


@given(st.binary(max_size=100))
def test_no_line_breaks_it(line):
    """Whatever lies in the journal: it is mended or left as it is."""
    found = Coercer().mend(b"m v=" + line, V1.format("v", "m", "string"))
    assert found is None or found.startswith(b"m ")
