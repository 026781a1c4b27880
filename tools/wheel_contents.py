"""wheel_contents.py WHEEL: a wheel holds what it must, nothing else, and is small.

What must be in it is read from the source tree: every module, every compiled one with
its stub, every file that is served or written. Exit status 1 names each difference.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path, PurePosixPath

SOURCE = Path(__file__).parent.parent / "src"
SIZE_LIMIT = 12 * 1024 * 1024
NOT_SHIPPED = {".pyx", ".c", ".cpp", ".pyc", ".so"}


def wanted() -> tuple[set[str], set[str]]:
    """Return the files a wheel must hold, and the compiled modules without suffix."""
    files, compiled = set(), set()
    for path in SOURCE.rglob("*"):
        name = path.relative_to(SOURCE).as_posix()
        if path.is_dir() or "__pycache__" in path.parts or path.name.startswith("."):
            continue
        if path.suffix == ".pyx":
            compiled.add(name.removesuffix(".pyx"))
        elif path.suffix not in NOT_SHIPPED and path.name != "CMakeLists.txt":
            files.add(name)
    return files, compiled


def main(wheel: Path) -> int:
    """Compare; print the size; return the exit status."""
    with zipfile.ZipFile(wheel) as archive:
        infos = archive.infolist()
    names = {info.filename for info in infos if "dist-info/" not in info.filename}
    modules = {name for name in names if name.endswith(".so")}
    plain = {str(PurePosixPath(name).parent / PurePosixPath(name).name.split(".")[0])
             for name in modules}  # fmt: skip
    files, compiled = wanted()
    wrong = [f"missing: {name}" for name in sorted(files - names)]
    wrong += [f"not compiled: {name}" for name in sorted(compiled - plain)]
    wrong += [f"has no business: {name}" for name in sorted(names - files - modules)]
    wrong += [f"compiled of nothing: {name}" for name in sorted(plain - compiled)]
    licences = [i for i in infos if i.filename.endswith("dist-info/licenses/LICENSE")]
    wrong += [] if licences else ["missing: the licence"]
    size = wheel.stat().st_size
    if size > SIZE_LIMIT:
        wrong.append(f"{size:,} bytes are more than {SIZE_LIMIT:,}")
    unpacked = sum(info.file_size for info in infos)
    print(
        f"{wheel.name}: {len(names)} files, {len(modules)} compiled, "
        f"{size / 2**20:.2f} MiB, {unpacked / 2**20:.2f} MiB unpacked"
    )
    print("\n".join(wrong) if wrong else "holds what it must and nothing else")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
