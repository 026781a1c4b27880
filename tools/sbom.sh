#!/bin/bash
# sbom.sh TOOLS: of an environment that holds hiq's dependencies and nothing else, write
# dist/hiq.cdx.json (CycloneDX), dist/licences.md and dist/requirements.txt (exact versions).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p dist

python3 -m venv "$work/hiq"
"$tools/bin/python" -c '
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")
' >"$work/wanted"
"$work/hiq/bin/python" -m pip install -q -r "$work/wanted"
"$work/hiq/bin/python" -m pip uninstall -q -y setuptools pip
"$tools/bin/python" -m pip freeze --path "$work"/hiq/lib/python3*/site-packages >dist/requirements.txt
"$tools/bin/cyclonedx-py" environment --pyproject pyproject.toml --mc-type application \
  --output-reproducible --of JSON -o dist/hiq.cdx.json "$work/hiq/bin/python"
"$tools/bin/pip-licenses" --python "$work/hiq/bin/python" --from mixed --with-urls --format markdown \
  --output-file dist/licences.md >/dev/null
grep -q == dist/requirements.txt
"$tools/bin/pip-licenses" --python "$work/hiq/bin/python" --from mixed --summary --format plain
"$tools/bin/python" - <<'P'
import json
found = json.load(open("dist/hiq.cdx.json"))
print(found["bomFormat"], found["specVersion"], len(found["components"]), "components")
P
