#!/bin/bash
# Run hiq's connection against the Autobahn test suite's fuzzing server.
#
#   [CASES='["1.*","2.*"]'] tests/autobahn/run.sh PYTHON
#
#   PYTHON    an environment with hiq
#   PYTHON2   Python 2.7, which the suite needs; default python2.7. Debian 12 has none:
#             pyenv builds one
#   CASES     JSON list of cases, default all
#
# The suite is installed into .cache/autobahn at first use (a minute). Its server cannot
# be told to listen on one address only, so it and the client run in a network namespace
# of their own, which has a loopback and nothing else. Reports of each case, as the suite
# writes them: .cache/autobahn/reports/index.html. Ends with 1 if an outcome is not what
# `expected.py` says, 69 if the suite cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=$1
work=$PWD/.cache/autobahn
mkdir -p "$work"

if [ ! -x "$work/venv/bin/wstest" ]; then
  python2=${PYTHON2:-python2.7}
  "$python2" --version >/dev/null 2>&1 ||
    { echo "$python2 cannot be run; set PYTHON2 to a Python 2.7" >&2; exit 69; }
  "$python" -m venv "$work/tools"
  # The last virtualenv that makes environments for 2.7.
  "$work/tools/bin/pip" install -q 'virtualenv<20.22'
  "$work/tools/bin/virtualenv" -q -p "$("$python2" -c 'import sys; print(sys.executable)')" \
    "$work/venv"
  "$work/venv/bin/pip" install -q autobahntestsuite==25.10.1 || exit 69
fi

rm -rf "$work/reports"
cat >"$work/spec.json" <<END
{"url": "ws://127.0.0.1:9001", "outdir": "$work/reports", "webport": 0,
 "cases": ${CASES:-[\"*\"]}, "exclude-cases": [], "exclude-agent-cases": {}}
END

namespace=(unshare --net)
[ "$(id -u)" = 0 ] || namespace+=(--map-root-user)
# shellcheck disable=SC2016  the inner shell expands them
"${namespace[@]}" bash -c '
  set -euo pipefail
  ip link set lo up
  "$1/venv/bin/wstest" --webport 0 --mode fuzzingserver --spec "$1/spec.json" \
    >"$1/server.log" 2>&1 &
  server=$!
  trap "kill $server" EXIT
  for _ in $(seq 200); do
    (exec 3<>/dev/tcp/127.0.0.1/9001) 2>/dev/null && break
    sleep 0.05
  done
  "$2" -m tests.autobahn.client ws://127.0.0.1:9001
' autobahn "$work" "$python"

"$python" -m tests.autobahn.expected "$work/reports/index.json"
