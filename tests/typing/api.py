"""Public types as a user's type checker sees them; checked by mypy, never run."""

from __future__ import annotations

from typing import assert_type

import hiq

pipeline = hiq.Pipeline({"default_measurement": "state", "schema": "ha"})
verdict = pipeline.feed(b"{}")
assert_type(verdict, hiq.Verdict)
assert_type(verdict.events, int)
assert_type(verdict.points, int)
assert_type(verdict.filtered, int)
assert_type(verdict.skipped, int)
assert_type(verdict.rejected, int)
assert_type(verdict.passed, list[bytes])
assert_type(verdict.full, bool)
assert_type(pipeline.take(), bytes)
assert_type(pipeline.take("ha"), bytes)
assert_type(pipeline.rejects(), list[tuple[str, bytes]])
pipeline.set_tags("light.kitchen", {"area": "kitchen"})
pipeline.set_tags("light.kitchen", None)
