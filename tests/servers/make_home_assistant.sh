#!/bin/bash
# Make the environment of a Home Assistant for tests.
#
#   tests/servers/make_home_assistant.sh VERSION DIR
#
#   VERSION  2024.3 (needs Python 3.11) or 2025.4 (needs Python 3.13)
#   DIR      folder to make; one that is complete already is left as it is
#
# Environment
#   PYTHON   the interpreter; default: python3.11 or python3.13 of PATH or of pyenv
#
# Takes some minutes and 150 MB of downloads; some packages have no wheel and are
# compiled. Ends with 69 if there is no such Python, 64 if the arguments are wrong.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
  exit 64
}

[ $# -eq 2 ] || usage
dir=$2
case $1 in
  2024.3) want=3.11 ;;
  2025.4) want=3.13 ;;
  *) usage ;;
esac
lists=("$here"/{requirements,overrides}-"$1".txt)
[ -e "${lists[1]}" ] || unset 'lists[1]'
stamp=$(cat "${lists[@]}" | sha256sum)
[ "$(cat "$dir/complete" 2>/dev/null)" = "$stamp" ] && exit 0

pip() { "$dir/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

finish() {
  [ -z "${lists[1]:-}" ] || pip install --no-deps -r "${lists[1]}"
  echo "$stamp" >"$dir/complete"
  exit 0
}
# one made by other means, or from older lists, is good too
[[ $("$dir/bin/python" -m homeassistant --version 2>/dev/null) == "$1".* ]] && finish

is_wanted() {
  "$1" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$want')" \
    2>/dev/null
}

python=
for candidate in ${PYTHON:+"$PYTHON"} "python$want" python3 \
  "${PYENV_ROOT:-$HOME/.pyenv}/versions/$want".*/bin/python; do
  if is_wanted "$candidate"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "make_home_assistant.sh: Home Assistant $1 needs Python $want; set PYTHON" >&2
  exit 69
fi

"$python" -m venv --clear "$dir"
pip install wheel
pip install -r "${lists[0]}"
"$dir/bin/python" -m homeassistant --version
finish
