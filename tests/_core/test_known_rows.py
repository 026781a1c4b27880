"""The table of well-known attributes."""

from hiq._core.known_rows import ROWS, Shape


def test_fits_the_compiled_tables() -> None:
    """Rows, words and siblings are within the bounds of `known.pxd`."""
    assert len(ROWS) <= 32
    assert all(len(row.words) <= 16 and len(row.siblings) <= 4 for row in ROWS)
    assert all(bool(row.enum) is (row.shape is Shape.ENUMS) for row in ROWS)
    assert len({(row.domain, row.attribute) for row in ROWS}) == len(ROWS)
