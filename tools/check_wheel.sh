#!/bin/bash
# check_wheel.sh TOOLS [PYTHON...]: source distribution -> wheel -> empty environment.
#
# For each Python 3.11 or later on this machine (or those named): a wheel is built from
# the source distribution, its contents and platform tag are checked, it is installed
# into a fresh environment, and `hiq demo --duration 10` must end well there. TOOLS is
# an environment with the extra `release`. What is made lies in dist/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pythons() {  # one of each minor version
  local candidate version
  local -A seen=()
  for candidate in python3 python3.{11,12,13,14} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
    version=$("$candidate" -c 'import sys, ensurepip, venv
print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 11) else "")' 2>/dev/null) || continue
    [ -z "$version" ] || [ -n "${seen[$version]:-}" ] && continue
    seen[$version]=1
    command -v "$candidate"
  done
}
[ $# -gt 0 ] || mapfile -t found < <(pythons)
[ $# -gt 0 ] || set -- "${found[@]}"
[ $# -gt 0 ] || { echo "check_wheel.sh: no Python 3.11 or later with venv" >&2; exit 2; }

mkdir -p dist
"$tools/bin/python" -m build --sdist --outdir "$work/sdist" . >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
sdist=$(echo "$work"/sdist/hiq-*.tar.gz)
cp "$sdist" dist/
echo "$(basename "$sdist"): $(tar tzf "$sdist" | wc -l) entries, $(stat -c %s "$sdist") bytes"

for python in "$@"; do
  echo "== $("$python" --version) ($python)"
  out=$work/$(basename "$python")-$RANDOM
  "$python" -m venv "$out/build" && "$python" -m venv "$out/fresh"
  begun=$SECONDS
  "$out/build/bin/python" -m pip wheel -q --no-deps -w "$out" "$sdist" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
  wheel=$(echo "$out"/hiq-*.whl)
  echo "built from the source distribution in $((SECONDS - begun)) s"
  "$tools/bin/python" tools/wheel_contents.py "$wheel"
  "$tools/bin/python" -m auditwheel show "$wheel" >"$work/show"
  grep -o '"[a-z]*linux_[0-9a-z_]*"' "$work/show" | head -1 | sed 's/^/auditwheel: consistent with /'
  "$out/fresh/bin/python" -m pip install -q "$wheel" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  "$out/fresh/bin/python" -m pip check
  (cd "$out" && "$out/fresh/bin/hiq" --version && "$out/fresh/bin/hiq" demo --duration 10 --port 0) >"$work/demo" ||
    { cat "$work/demo"; exit 1; }
  tail -1 "$work/demo"
  cp "$wheel" dist/
done
echo "every wheel is good"
