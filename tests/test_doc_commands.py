"""What the documentation tells to type is typed: in a home of its own, by a shell.

Every line of every `sh` block is judged. Commands of hiq run for real, beside a
simulated home and the service that the pages mean; one that runs until Ctrl-C gets it
as soon as it has said something. Of what would take hours or change the machine, the
parts are looked up: the make target, the module, the script.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hiq.simulate.server import Simulator
from hiq.simulate.world import World

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DEADLINE_S = 60.0
UNTIL_STOPPED = re.compile(r"\bhiq (serve|demo|simulate|top|tail|record)\b")
ENDS_BY_ITSELF = re.compile(r"--count|--duration [1-5]\b")
NOT_HIQ = {
    "export PATH=/opt/hiq/bin:$PATH": "sets a variable",
    "export PATH=~/hiq/venv/bin:$PATH": "sets a variable",
    "cd ~/hiq": "goes to a folder",
    "python3 -m venv /opt/hiq && /opt/hiq/bin/pip install .": "make wheelcheck",
    "python3 -m venv ~/hiq/venv": "make wheelcheck",
    "~/hiq/venv/bin/pip install .": "make wheelcheck",
    "echo 'source ~/.hiq-complete.bash' >> ~/.bashrc": "changes a shell for good",
    "mkdir -p .cache/fuzz/small": "makes a folder",
}
FOREIGN = (
    "influx -execute ",
    "systemctl ",
    ".cache/fuzz/",
    "sudo ",
)
"""Programs of others, and what only `make fuzz` builds."""
ONCE = {"hiq record": b'"subscribed"', "hiq serve": b'"serving"'}
"""What must have been said before Ctrl-C is of use; else any line."""
OTHER_END = {
    "hiq verify": ({0, 1}, ""),  # a finding: the home lives while it is compared
    "--statistics": ({2}, "unknown_command"),  # tests/repair asks a real home for them
}
"""Part of a line -> status and words of its good end, where that is not 0."""


def lines() -> list[tuple[str, str]]:
    """Page and line of each command, without its comment; each line once."""
    found: dict[str, str] = {}
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                text = re.split(r"\s+#|\s{3,}", line.strip())[0]
                if text and not re.fullmatch(r"HIQ_[A-Z0-9_]+=('[^']*'|\S+)", text):
                    found.setdefault(text, str(page.relative_to(ROOT)))
    return [(page, line) for line, page in found.items()]


LINES = lines()
HIQ = [
    line for _, line in LINES if re.search(r"(^|[ ;|(])hiq\b|^openssl |^printf ", line)
]
HIQ = [line for line in HIQ if not line.startswith(FOREIGN) and line not in NOT_HIQ]
OTHERS = [line for _, line in LINES if line not in HIQ]


class Stage:
    """A folder with settings and files, a home, and hiq itself that runs."""

    def __init__(self, folder: Path, home: Simulator, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.home = home
        self.number = 0
        bin_folder = Path(sys.executable).parent
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HIQ_")},
            "HOME": str(folder),
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
        }

    def shell(self, line: str) -> subprocess.Popen[bytes]:
        """Begin a line in a process group of its own."""
        more = {}
        self.number += 1
        if UNTIL_STOPPED.search(line):  # not the folder of the one that runs
            own = self.folder / f"own{self.number}"
            more = {"HIQ_DATA_DIR": str(own), "HIQ_HTTP__PORT": "0"}
            if re.search(r"hiq top|hiq tail", line):
                more = {}
        if "--retry" in line:  # of a service that is stopped
            more = {"HIQ_DATA_DIR": str(self.folder / "stopped")}
        return subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", self.mean(line)],
            cwd=self.folder, env={**self.environment, **more},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def mean(self, line: str) -> str:
        """Put the things of this stage in the place of those of the page."""
        for was, now in {
            "http://hiq.lan:8001": self.url,
            "http://ha.lan:8123": self.home.url,
            "HA_TOKEN=...": f"HA_TOKEN={self.home.token}",
            "/etc/hiq/": f"{self.folder}/",
            "import /config ": f"import {self.folder} ",
            "/config/": f"{self.folder}/",
            "--homeiq .env": "--homeiq homeiq.env",
            "/data/journal": f"{self.folder}/data/journal",
            "/backup/": f"{self.folder}/",
            "~/.config/fish/completions/": f"{self.folder}/",
            "--port 8080": "--port 0",
            "--output hiq.yaml": f"--output imported{self.number}.yaml",
            "0123456789abcdef": "$(hiq token create bob --json | jq -r .jti)",
            "--seconds 3600": "--seconds 1",
            'eval "$(_HIQ_COMPLETE=zsh_source hiq)"': "_HIQ_COMPLETE=zsh_source hiq",
        }.items():
            line = line.replace(was, now)
        if re.search(r"hiq simulate(?!.*--port)", line):
            line += " --port 0"
        if re.search(r"hiq demo(?!.*--port)", line):
            line += " --port 0"
        if re.search(r"hiq init", line):  # asks, and its file is there already
            flags = f" --yes --force -o init{self.number}.yaml --no-check"
            line += "" if "--yes" in line else f" --ha-url {self.home.url}"
            line = line.replace("hiq init", f"hiq init{flags}")
            line = f"HA_TOKEN={self.home.token} {line}"
        return line

    def run(self, line: str) -> tuple[int, str]:
        """Run a line to its end; return status and what it said."""
        with self.shell(line) as process:
            assert process.stdout
            watch = threading.Timer(
                DEADLINE_S, os.killpg, (process.pid, signal.SIGKILL)
            )
            watch.start()
            said = b""
            if UNTIL_STOPPED.search(line) and not ENDS_BY_ITSELF.search(line):
                enough = next((w for c, w in ONCE.items() if c in line), b"\n")
                for said_more in iter(process.stdout.readline, b""):
                    said += said_more
                    if enough in said:
                        break
                os.killpg(process.pid, signal.SIGINT)
            said += process.stdout.read()
            status = process.wait()
            watch.cancel()
        return status, said.decode()


SETTINGS = """\
home_assistant: {{url: "{home}", token: "{token}"}}
data_dir: {folder}/data
journal: {{min_free_bytes: 0, keep: 100}}
http: {{port: {port}}}
sinks:
- {{name: store, type: sqlite, path: store.db}}
- {{name: influxdb, type: sqlite, path: influxdb.db}}
- {{name: influx, type: sqlite, path: influx.db}}
- {{name: vm, type: sqlite, path: vm.db}}
"""


async def _home(ready: list[tuple[Simulator, asyncio.Event]], up: threading.Event):
    home = Simulator(World(40, seed=1), remember=10_000)
    await home.start()
    home.rate = 50.0
    stop = asyncio.Event()
    ready.append((home, stop))
    up.set()
    await stop.wait()
    await home.stop()


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    """All that the pages take for granted."""
    ready: list[tuple[Simulator, asyncio.Event]] = []
    loops: list[asyncio.AbstractEventLoop] = []
    up = threading.Event()

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        await _home(ready, up)

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert up.wait(DEADLINE_S)
    home, stop = ready[0]
    folder = tmp_path_factory.mktemp("stage")
    it = Stage(folder, home, free_port())
    text = SETTINGS.format(
        home=home.url, token=home.token, folder=folder, port=it.url.rsplit(":", 1)[1]
    )
    (folder / "hiq.yaml").write_text(text)
    (folder / "hiq.yaml").chmod(0o600)
    (folder / "configuration.yaml").write_text("influxdb:\n  host: 192.168.1.5\n")
    (folder / "homeiq.env").write_text(
        "INFLUXDB_URL=http://192.168.1.5:8086\nINFLUXDB_TOKEN=x\n"
    )
    (folder / "token").write_text(home.token)
    try:
        frames, _ = it.run("hiq record --seconds 1 frames.ndjson; xz -k frames.ndjson")
        with it.shell("exec hiq  serve") as service:
            assert service.stdout
            drain = threading.Thread(target=service.stdout.read)
            drain.start()
            assert it.run("until hiq status | grep -q subscribed; do :; done")[0] == 0
            yield it
            service.terminate()
            drain.join()
            assert service.wait(DEADLINE_S) == 0
        assert frames in {0, 130}
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


@pytest.mark.parametrize("line", HIQ)
def test_a_command_of_the_pages_works(stage: Stage, line: str) -> None:
    """It ends well, or goes on well until Ctrl-C."""
    good, words = ({0, 130} if UNTIL_STOPPED.search(line) else {0}), ""
    for part, end in OTHER_END.items():
        if part in line:
            good, words = end
    status, said = stage.run(line)
    assert status in good, f"{status}: {said}"
    assert words in said


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_not_of_hiq_is_there(line: str) -> None:
    """A make target, a module, a script of the tree; or it is listed why not."""
    if line in NOT_HIQ or line.startswith(FOREIGN):
        return
    words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), line
    elif words[0].endswith("python"):
        if words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), line
            return
        assert importlib.util.find_spec(words[2]), line
        paths = [word for word in words[3:] if word.startswith("tests/")]
        assert [path for path in paths if not (ROOT / path).exists()] == []
    else:
        assert os.access(ROOT / words[0], os.X_OK), line


def test_there_are_commands() -> None:
    """The pages' commands are found where they are looked for."""
    assert len(HIQ) > 60
    assert not [line for line in NOT_HIQ if line not in dict((b, a) for a, b in LINES)]
