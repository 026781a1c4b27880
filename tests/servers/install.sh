#!/bin/bash
# Install the servers that the tests start: InfluxDB 1.x, VictoriaMetrics, Prometheus,
# Chromium, npm, jq and man of the documentation, and what the faults campaign needs: strace,
# libfaketime.
#
#   tests/servers/install.sh
#
# Debian 12 or later, as root. Installs only what is missing and starts nothing: while
# it runs, a policy file keeps the packages from starting services. Does nothing, fast,
# when everything is there. Without root it says what is missing and ends with 77.
set -euo pipefail

declare -A package=(
  [influxd]=influxdb
  [victoria-metrics]=victoria-metrics
  [chromium]=chromium
  [npm]=npm
  [prometheus]=prometheus
  [jq]=jq
  [man]=man-db
  [strace]=strace
  [faketime]=faketime
)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "install.sh: missing ${missing[*]}; run it as root" >&2
  exit 77
fi
if ! command -v apt-get >/dev/null; then
  echo "install.sh: missing ${missing[*]}, and there is no apt-get here" >&2
  exit 69
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends --no-upgrade "${missing[@]}" >/dev/null
