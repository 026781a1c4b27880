#!/bin/bash
# debian_tree.sh FOLDER PACKAGES: a bare Debian tree, made once.
set -euo pipefail
folder=$1 packages=$2
[ -e "$folder/etc/debian_version" ] && exit 0
if ! command -v debootstrap >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.new"
debootstrap --variant=minbase --include="$packages" bookworm "$folder.new" >"$folder.log" ||
  { tail -5 "$folder.log" >&2; exit 1; }
mv "$folder.new" "$folder"
