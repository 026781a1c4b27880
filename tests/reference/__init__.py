"""The slow, obvious converter from frames to line protocol: the oracle of the core.

It has the API of `hiq.Pipeline` and none of its code: validity is orjson's verdict,
values are Python's own `float()` and `str()`, and every rule stands in one place in
the words of the rule. It must never import hiq, and never be clever.
"""

from tests.reference.filter import EntityFilter
from tests.reference.line import Point, cleaned, encode
from tests.reference.options import Options
from tests.reference.pipeline import ReferencePipeline, Taken, Verdict
from tests.reference.point import build
from tests.reference.text import digit_tail, number_of, text_of

__all__ = [
    "EntityFilter",
    "Options",
    "Point",
    "ReferencePipeline",
    "Taken",
    "Verdict",
    "build",
    "cleaned",
    "digit_tail",
    "encode",
    "number_of",
    "text_of",
]
