#!/bin/bash
# bootstrap.sh PYTHON VENV: make the virtual environment.
#
# What a bare Debian lacks for it (venv module, Python headers, C++ compiler) is
# installed through apt when we are root; otherwise the command to run is printed.
set -euo pipefail
python=$1 venv=$2

missing=()
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "hiq needs Python 3.11 or later; set PYTHON=" >&2; exit 2; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
"$python" -c '
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))
' || missing+=(python3-dev)
command -v c++ >/dev/null || missing+=(g++)

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "please install first: sudo apt-get install ${missing[*]}" >&2
    exit 2
  fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
