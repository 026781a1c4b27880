#!/bin/bash
# coverage.sh VENV: add the compiled core to the coverage of `make test COVERAGE=1`.
#
# The Cython plugin needs the generated C++ beside each .pyx; without it the .pyx
# files silently vanish from the report. So they are copied there, the report is
# made, they are deleted, and a .pyx that is missing in the report is an error.
set -euo pipefail
venv=$1
trace=.venv-trace

[ -x "$trace/bin/python" ] || "$venv/bin/python" -m venv "$trace"
"$trace/bin/python" -m pip install -q 'scikit-build-core>=1.0' 'cython>=3.1' \
  'cython-cmake>=0.3' 'picows>=2.3,<3' cmake ninja
"$trace/bin/python" -m pip install -q --no-build-isolation --config-settings=build-dir=build-trace \
  --config-settings=cmake.build-type=Debug --config-settings=cmake.define.HIQ_TRACE=ON -e '.[test]'

generated=()
cleanup() { rm -f "${generated[@]}"; }
trap cleanup EXIT
for pyx in src/hiq/*/*.pyx; do
  name=$(basename "$pyx" .pyx)
  made=$(find build-trace -name "$name.c" -o -name "$name.cpp" -o -name "$name.cxx" | head -n 1)
  [ -n "$made" ] || { echo "coverage: nothing was generated from $pyx" >&2; exit 1; }
  copy=$(dirname "$pyx")/$(basename "$made")
  cp "$made" "$copy"
  generated+=("$copy")
done

# Line tracing makes the core some hundred times slower: the tests that run it over all
# recorded frames, or over thousands of examples, are left out.
HYPOTHESIS_PROFILE=trace "$trace/bin/python" -m pytest tests/_core tests/test_points.py \
  tests/test_vectors.py tests/ha/test_listening.py -q --benchmark-disable --timeout 600 \
  -k "not (recorded or histories or any_attributes or form_never_matters or thousand or without_memory)" \
  --cov --cov-append --cov-report= --cov-fail-under=0
"$trace/bin/python" -m coverage combine --append 2>/dev/null || true
"$trace/bin/python" -m coverage report | tee .coverage.txt
for pyx in src/hiq/*/*.pyx; do
  grep -qF "$pyx" .coverage.txt || { echo "coverage: $pyx is missing in the report" >&2; exit 1; }
done
