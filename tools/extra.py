"""extra.py NAME...: the requirements of extras of pyproject.toml, one a line.

`-` names those of the project itself.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
for name in sys.argv[1:]:
    extras = project["optional-dependencies"]
    listed = project["dependencies"] if name == "-" else extras[name]
    for item in listed:
        requirement, _, marker = item.partition(";")
        print(requirement.replace(" ", "") + (f";{marker}" if marker else ""))
