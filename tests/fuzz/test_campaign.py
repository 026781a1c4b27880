"""A short run of everything that needs no special build, so that it cannot rot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import campaign
from tests.fuzz.campaign import Recorder, recorded
from tests.fuzz.corpus import committed, fails, made, replay, shrunk
from tests.fuzz.judge import Judge
from tests.fuzz.place import PageEnd
from tests.fuzz.sessions import Session, from_bytes


def run(
    folder: Path, *arguments: str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """A campaign as the command runs it; `code` runs in the child before it."""
    if code:
        (folder / "sitecustomize.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.campaign", "--folder", folder, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{folder}:."},
        timeout=100,
    )


def test_a_short_campaign_finds_nothing(tmp_path: Path) -> None:
    """Some thousand executions, thorough sessions among them, have no findings."""
    log = tmp_path / "log.ndjson"
    done = run(
        tmp_path,
        *("--executions", "2500", "--first", "395", "--seed", "11", "--log", str(log)),
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "crashes 0, differences 0" in done.stdout
    count = json.loads(log.read_text())
    assert count["executions"] >= 2500
    assert count["reference"] >= 10
    assert count["thorough"] == campaign.FRAMES
    assert not list(tmp_path.glob("*.session"))


@pytest.mark.parametrize(
    ("fault", "said"), [("SIGSEGV", "exit status -11"), ("SIGALRM", "hang")]
)
def test_a_crash_leaves_its_session(tmp_path: Path, fault: str, said: str) -> None:
    """The frames up to the crash are kept, and the campaign fails."""
    code = f"""
import os, signal, sys
if "--child" in sys.argv or any("campaign" in a for a in sys.orig_argv):
    from tests.fuzz.judge import Judge
    right = Judge.frame
    def frame(self, data):
        if self.count["executions"] == 300:
            os.kill(os.getpid(), signal.{fault})
        right(self, data)
    Judge.frame = frame
"""
    done = run(tmp_path, "--executions", "1000", "--seed", "3", code=code)
    assert done.returncode == 1
    assert said in done.stderr
    (kept,) = tmp_path.glob("crash-*.session")
    assert len(from_bytes(kept.read_bytes()).frames) == 300 % campaign.FRAMES + 1


def test_the_recorder_is_there_after_a_crash(tmp_path: Path) -> None:
    """Each session replaces the last one."""
    path = tmp_path / "x"
    recorder = Recorder(path)
    for number in (5, 2):
        recorder.begin(number)
        recorder.add(b"{}")
        recorder.add(b"[]")
    assert recorded(path) == b"\x02{}\xff[]"


def test_the_committed_sessions() -> None:
    """What the fuzzers found worth keeping is judged by everybody, every frame."""
    judge = Judge(PageEnd(), share=1)
    number = 0
    for _, data in committed():
        replay(data, judge)
        number += 1
    assert number > 400
    assert judge.count["reference"] == judge.count["executions"]


def test_a_finding_is_shrunk() -> None:
    """Only the frames stay that the failure needs, in their order."""
    session = Session(2, False, [b"%d" % number for number in range(20)])
    small = shrunk(session, lambda given: {b"3", b"17"} <= set(given.frames))
    assert small == Session(2, False, [b"3", b"17"])
    assert not fails(session)


def test_new_sessions_for_libfuzzer() -> None:
    """Without committed ones libFuzzer begins with sessions of the mutator."""
    for _, data in made(8):
        replay(data, Judge(PageEnd()))
