"""Benchmarks: what the transform costs, against what others would do.

`python -m benchmarks.ratios` prints the table; `pytest benchmarks` times the same
cases with pytest-benchmark. README.md says how, on what, and what is not measured.
"""
