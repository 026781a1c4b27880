"""extra.py NAME...: the requirements of extras of pyproject.toml, one a line."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
for name in sys.argv[1:]:
    listed = project["optional-dependencies"][name]
    print("\n".join(item.replace(" ", "") for item in listed))
