"""image_check.py DEBIAN WORK: the steps of the Dockerfile, where no engine exists.

Each stage begins with a copy of a bare Debian tree (DEBIAN, made by debootstrap) in
which Python lies below /usr/local, as in the base image; then its own steps are run
there by chroot. What comes out is started as the image would be: by its ENTRYPOINT and
CMD, as its USER, its root read-only, /data alone writable, the token from a file. It
must become healthy by its own HEALTHCHECK, connect to a simulated home, hold no
compiler, and stop in order.

As root. It differs from the image in the base (Debian's Python) and in isolation.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from debian import copied, environment
from image import Stage, left_out, read

ROOT = Path(__file__).parent.parent
TOKEN = "image-check-" + "0" * 32
HOME = ["hiq", "simulate", "--port", "0", "--entities", "20", "--token", TOKEN]
HEALTHY_S = 60.0
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


class Tree:
    """A root file system in which steps are run."""

    def __init__(self, path: Path, base: Path) -> None:
        self.path = copied(base, path)
        self.folder = "/"
        self.run("python3 -m venv /usr/local")  # there, as in the base image

    def run(self, command: str, mounts: dict[str, Path] | None = None) -> None:
        """Run a shell command as RUN does; the mounts are there only meanwhile."""
        made = []
        try:
            for target, source in (mounts or {}).items():
                place = self.path / target.lstrip("/")
                place.mkdir(parents=True)
                subprocess.run(["mount", "--bind", source, place], check=True)
                made.append(place)
            subprocess.run(
                ["chroot", self.path, "/bin/sh", "-c", f"cd {self.folder}; {command}"],
                env=environment(PATH=PATH, DEBIAN_FRONTEND="noninteractive"),
                check=True,
            )
        finally:
            for place in made:
                subprocess.run(["umount", place], check=True)
                place.rmdir()

    def size(self) -> int:
        """Return how much is in it, in KiB."""
        out = subprocess.run(
            ["du", "-skx", self.path], check=True, capture_output=True, text=True
        )
        return int(out.stdout.split()[0])


def build(stage: Stage, tree: Tree, made: dict[str, Tree]) -> None:
    """Run the steps of a stage."""
    for step in stage.steps:
        began = time.monotonic()
        if step.word == "WORKDIR":
            tree.folder = step.rest
            (tree.path / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.word == "COPY":
            source, target = step.rest.split()
            copy(ROOT / source, tree.path / tree.folder.lstrip("/") / target)
        elif step.word == "RUN":
            mounts = {
                mount["target"]: made[mount["from"]].path / mount["source"].lstrip("/")
                for mount in step.mounts
            }
            tree.run(step.command, mounts)
        else:
            continue
        print(f"  {time.monotonic() - began:6.1f} s  {step.word} {step.rest[:90]}")


def copy(source: Path, target: Path) -> None:
    """Copy the tree, without what .dockerignore names."""
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    for folder, names, files in os.walk(source):
        here = Path(folder).relative_to(source)
        names[:] = [name for name in names if not left_out(f"{here / name}", patterns)]
        (target / here).mkdir(parents=True, exist_ok=True)
        for name in files:
            if not left_out(f"{here / name}", patterns):
                shutil.copy(Path(folder) / name, target / here / name)


class Container:
    """The last stage, started as an engine would."""

    def __init__(self, stage: Stage, tree: Tree) -> None:
        user = stage.last("USER")
        assert user is not None, "the image would run as root"
        self.user = user.rest
        self.stage, self.tree = stage, tree

    def start(self, command: list[str], told: dict[str, str]) -> subprocess.Popen[str]:
        """Start a command in it: root read-only, /data writable, a user of numbers."""
        root = self.tree.path
        uid, gid = self.user.split(":")
        script = (
            'set -e; root=$1; shift; mount --bind "$root" "$root"; '
            'mount -o remount,ro,bind "$root"; mount -t proc proc "$root/proc"; '
            f'mount -t tmpfs -o uid={uid},gid={gid},mode=700 hiq "$root/data"; '
            f'exec chroot --userspec={self.user} "$root" "$@"'
        )
        return subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", script, "image", root, *command],
            env={"PATH": PATH, **self.stage.environment, **told},
            stdout=subprocess.PIPE,
            text=True,
        )

    def arguments(self, *words: str) -> list[str]:
        """Return the words of steps, in their order."""
        found = [self.stage.last(word) for word in words]
        return [argument for step in found if step for argument in step.arguments]

    def healthy(self) -> bool:
        """Return what HEALTHCHECK says, asked until it is well or time is over."""
        last = time.monotonic() + HEALTHY_S
        while time.monotonic() < last:
            check = self.start(self.arguments("HEALTHCHECK"), {})
            check.communicate()
            if check.returncode == 0:
                return True
            time.sleep(0.5)
        return False


def try_out(container: Container) -> None:
    """Run it beside a simulated home; an AssertionError says what is not right."""
    tree = container.tree
    secret = tree.path / "run" / "secrets" / "token"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text(TOKEN)
    home = container.start(HOME, {})
    assert home.stdout is not None
    url = next(w for line in home.stdout for w in line.split() if w.startswith("http"))
    told = {"HA_HTTP_URL": url, "HA_TOKEN_FILE": "/run/secrets/token"}
    image = container.start(container.arguments("ENTRYPOINT", "CMD"), told)
    try:
        assert container.healthy(), "it did not become healthy"
        status = Path(f"/proc/{image.pid}/status").read_text(encoding="utf-8")
        ids = next(line.split()[1:] for line in status.splitlines() if "Uid:" in line)
        assert set(ids) == {container.user.split(":")[0]}, f"it runs as {ids}"
        script = "import urllib.request as u; u.urlopen('http://127.0.0.1:8001/readyz')"
        ready = ["python3", "-c", script]
        last = time.monotonic() + HEALTHY_S
        while container.start(ready, {}).wait():
            assert time.monotonic() < last, "it is not ready"
            time.sleep(0.5)
        wrote = Path(f"/proc/{image.pid}/root/data")
        kept = sorted(path.name for path in wrote.iterdir())
        touch = ["sh", "-c", "! touch /usr/x /etc/x /tmp/x 2>/dev/null"]
        assert container.start(touch, {}).wait() == 0, "its root can be written"
        compiler = ["sh", "-c", "! command -v cc c++ g++ make"]
        assert container.start(compiler, {}).wait() == 0, "it holds a compiler"
    finally:
        image.send_signal(signal.SIGTERM)
        home.terminate()
        stopped = image.wait(30)
    assert stopped == 0, f"SIGTERM ended it with {stopped}"
    print(f"healthy, ready, uid {ids[0]}, root read-only, in /data: {', '.join(kept)}")


def main(debian: Path, work: Path) -> int:
    """Build every stage, try the last one."""
    stages = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    made: dict[str, Tree] = {}
    for number, stage in enumerate(stages):
        print(f"stage {stage.name or number}: {stage.base}, here Debian")
        tree = Tree(work / (stage.name or str(number)), debian)
        before = tree.size()
        build(stage, tree, made)
        made[stage.name or str(number)] = tree
    print(f"the last stage adds {(tree.size() - before) / 1024:.1f} MiB to its base")
    try_out(Container(stages[-1], tree))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
