#!/bin/bash
# aarch64_check.sh VENV CACHE [TESTS...]: the core on the other architecture.
#
# Debian's cross compiler builds it, Debian's Python for arm64 runs it under qemu: first
# the tests (those of the core, if none are given), then `hiq demo`, which must lose
# nothing. That says what is right there, not how fast it is. VENV has hiq; the Debian
# tree is made once, in CACHE. Root, Debian; what is missing is installed by apt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=$(realpath "$1") cache=$(mkdir -p "$2" && realpath "$2")
shift 2
[ $# -gt 0 ] || set -- tests/_core
python=3.11  # of the tree
tree=$cache/debian-arm64 packages=$cache/aarch64-packages cross=aarch64-linux-gnu

if ! command -v mmdebstrap qemu-aarch64-static $cross-g++ >/dev/null; then
  [ "$(id -u)" = 0 ] || { echo "aarch64_check.sh: apt needs root" >&2; exit 77; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends mmdebstrap qemu-user-static g++-$cross >/dev/null
fi
if [ ! -e "$tree/usr/bin/python$python" ]; then
  rm -rf "$tree"
  mmdebstrap --quiet --variant=extract --arch=arm64 --skip=check/qemu \
    --include="python$python,libpython$python-dev,libstdc++6" bookworm "$tree"
fi

echo "== build"
"$venv/bin/cmake" -S . -B build-aarch64 -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" -DCMAKE_PROGRAM_PATH="$venv/bin" \
  -DCMAKE_MODULE_PATH="$("$venv/bin/python" -c 'import cython_cmake as c; print(c.__path__[0])')/cmake" \
  -DSKBUILD_PROJECT_NAME=hiq -DSKBUILD_PROJECT_VERSION=0 \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER=$cross-gcc -DCMAKE_CXX_COMPILER=$cross-g++ \
  -DCMAKE_CXX_FLAGS="-idirafter $tree/usr/include" -DHIQ_WERROR=ON \
  -DPython_EXECUTABLE="$venv/bin/python" -DPython_INCLUDE_DIR="$tree/usr/include/python$python" >"$cache/aarch64.log"
"$venv/bin/cmake" --build build-aarch64 >"$cache/aarch64.log" || { tail -30 "$cache/aarch64.log" >&2; exit 1; }
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
cp -a src/hiq "$site"
"$venv/bin/cmake" --install build-aarch64 --prefix "$site" >"$cache/aarch64.log"

if [ pyproject.toml -nt "$packages/.complete" ]; then
  platforms=(manylinux2014_aarch64 manylinux_2_{17,28,34}_aarch64)
  mapfile -t wanted < <("$venv/bin/python" tools/extra.py - test)
  "$venv/bin/python" -m pip install -q --upgrade --target "$packages" --python-version $python \
    --only-binary=:all: "${platforms[@]/#/--platform=}" "${wanted[@]}"
  touch "$packages/.complete"
fi
export PYTHONPATH=$site:$packages:$PWD PYTHONDONTWRITEBYTECODE=1 CC=$cross-gcc
emulated() { qemu-aarch64-static -L "$tree" "$tree/usr/bin/python$python" "$@"; }

echo "== tests"
# Those two start processes of their own, which an emulated one cannot.
HYPOTHESIS_PROFILE=trace emulated -m pytest -q -p no:cacheprovider --timeout 1800 \
  --deselect tests/_core/test_heap.py --deselect tests/_core/test_memory.py "$@"
echo "== demo"
emulated -m hiq demo --duration 10 --port 0 | tail -1
