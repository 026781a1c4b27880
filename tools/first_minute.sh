#!/bin/bash
# first_minute.sh CACHE WHEEL: from an empty Debian to the first chart; first_minute.py
# says how. WHEEL must be for Debian's own Python. Root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$1 wheel=$2
[ "$(id -u)" = 0 ] || { echo "first_minute.sh: chroot needs root" >&2; exit 77; }
[ -f "$wheel" ] || { echo "first_minute.sh: no wheel $wheel; make wheel first" >&2; exit 2; }
tools/debian_tree.sh "$cache/debian-empty" python3,python3-venv,ca-certificates
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf --one-file-system "$work"' EXIT
python=.venv/bin/python
[ -x $python ] || python=python3
PYTHONDONTWRITEBYTECODE=1 $python tools/first_minute.py "$cache/debian-empty" "$work" "$wheel"
