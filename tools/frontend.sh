#!/bin/bash
# Build the page from frontend/ into src/hiq/web/bundle, where the package takes it from.
#
#   tools/frontend.sh [--must]
#
# Needs Node 18 or later with npm. Without, the plain page is served: then this says so and
# ends well, unless it must. Does nothing when the bundle is newer than its sources.
set -euo pipefail
cd "$(dirname "$0")/../frontend"

must=${1:-}
bundle=../src/hiq/web/bundle/index.html
if [ -e $bundle ] && [ -z "$(find . -path ./node_modules -prune -o -type f -newer $bundle -print -quit)" ]; then
  exit 0
fi
give_up() {
  echo "frontend.sh: $1; hiq will show its plain page" >&2
  if [ "$must" = --must ]; then
    exit 69
  fi
  exit 0
}
command -v npm >/dev/null || give_up "there is no npm here"
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --silent || give_up "npm could not get what package-lock.json names"
fi
npm run --silent build || give_up "the page could not be built"
