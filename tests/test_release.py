"""What a release is made of: notes, what is in a wheel, for what it is built."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / ".github" / "workflows" / "wheels.yml"


def script(name: str):
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


notes = script("release_notes")
contents = script("wheel_contents")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with two fragments and a changelog."""
    folder = tmp_path / "docs" / "changes"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# not a fragment\n")
    (folder / "tail.added.md").write_text("Added `hiq tail`.\nIt is live.\n")
    (folder / "gap.fixed.md").write_text("A gap was told twice.\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0\n\nFirst.\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    return tmp_path


def test_fragments_become_a_section_and_go(tree: Path) -> None:
    """The newest section stands first, by kind, and nothing is told twice."""
    assert notes.main(["0.2.0", "2026-12-01"], tree) == 0
    assert (tree / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## 0.2.0 (2026-12-01)\n\n"
        "### Added\n\n- Added `hiq tail`.\n  It is live.\n\n"
        "### Fixed\n\n- A gap was told twice.\n\n## 0.1.0\n\nFirst.\n"
    )
    left = [path.name for path in (tree / "docs" / "changes").iterdir()]
    assert left == ["README.md"]


def test_a_version_is_told_once(tree: Path) -> None:
    """A second section of one version is refused, and the fragments stay."""
    assert notes.main(["0.1.0", "2026-12-01"], tree) == 1
    assert len(list((tree / "docs" / "changes").iterdir())) == 3


def test_a_fragment_of_no_kind_is_refused(tree: Path) -> None:
    """A misspelt kind cannot get lost."""
    (tree / "docs" / "changes" / "x.aded.md").write_text("Lost?")
    with pytest.raises(notes.BadFragmentError, match=r"x\.aded\.md"):
        notes.main([], tree)


@pytest.mark.parametrize(("tag", "status"), [("v0.2.0", 0), ("v0.3.0", 1)])
def test_a_tag_says_the_version(tree: Path, tag: str, status: int) -> None:
    """Nothing is published under another version than it has."""
    assert notes.main(["--tag", tag], tree) == status


def test_the_fragments_of_this_tree_are_good() -> None:
    """Each would come into the notes."""
    assert notes.fragments(ROOT / "docs" / "changes")["added"]


def wheel(folder: Path, *, without: str = "", more: str = "") -> Path:
    """A wheel as it should be, but for one thing."""
    files, compiled = contents.wanted()
    path = folder / "hiq-0-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        names = [*files, *(f"{name}.cpython-311-x86_64.so" for name in compiled), more]
        for name in [*names, "hiq-0.dist-info/licenses/LICENSE"]:
            if name and name != without:
                archive.writestr(name, "")
    return path


def test_a_good_wheel_is_good(tmp_path: Path) -> None:
    """Every file of the tree, every compiled module, the licence."""
    assert contents.main(wheel(tmp_path)) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"without": "hiq/py.typed"}, "missing: hiq/py.typed"),
        (
            {"without": "hiq/_core/scan.cpython-311-x86_64.so"},
            "not compiled: hiq/_core/scan",
        ),
        ({"without": "hiq-0.dist-info/licenses/LICENSE"}, "missing: the licence"),
        ({"more": "hiq/_core/scan.cpp"}, "has no business: hiq/_core/scan.cpp"),
    ],
)
def test_a_bad_wheel_is_told(tmp_path, capsys, change: dict[str, str], said: str):
    """What lacks, and what is too much."""
    assert contents.main(wheel(tmp_path, **change)) == 1
    assert said in capsys.readouterr().out.splitlines()


def test_wheels_are_built_for_every_promised_python() -> None:
    """The classifiers, the least Python and the configuration say the same."""
    built = PROJECT["tool"]["cibuildwheel"]["build"]
    told = re.findall(r"Python :: (3\.\d+)'", str(PROJECT["project"]["classifiers"]))
    assert [f"cp{version.replace('.', '')}-*" for version in told] == built
    assert PROJECT["project"]["requires-python"] == f">={told[0]}"
    images = {v for k, v in PROJECT["tool"]["cibuildwheel"].items() if "image" in k}
    assert images == {"manylinux_2_28", "musllinux_1_2"}


def test_the_workflow_calls_what_is_there() -> None:
    """Both architectures; each make target and script of it exists."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["wheels"]["strategy"]["matrix"]["include"]
    assert {entry["arch"] for entry in matrix} == {"x86_64", "aarch64"}
    runs = [
        step["run"] for job in jobs.values() for step in job["steps"] if "run" in step
    ]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", "\n".join(runs)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for name in re.findall(r"\btools/\S+\.(?:py|sh)", "\n".join(runs)):
        assert (ROOT / name).is_file(), name
    assert set(jobs["publish"]["needs"]) == {"wheels", "source"}


def test_an_extra_is_listed_for_pip() -> None:
    """One requirement a line, without blanks that a shell would split."""
    done = subprocess.run(
        [sys.executable, "tools/extra.py", "lint"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = PROJECT["project"]["optional-dependencies"]["lint"]
    assert done.stdout.split() == [item.replace(" ", "") for item in wanted]
