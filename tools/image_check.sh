#!/bin/bash
# image_check.sh CACHE: run the Dockerfile's steps in a bare Debian tree; see
# image_check.py. The tree is made once, in CACHE. Root, Debian; debootstrap is
# installed if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$1
[ "$(id -u)" = 0 ] || { echo "image_check.sh: chroot and mount need root" >&2; exit 77; }
tools/debian_tree.sh "$cache/debian-python" python3,python3-venv,python3-dev,ca-certificates
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf --one-file-system "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tools/image_check.py "$cache/debian-python" "$work"
