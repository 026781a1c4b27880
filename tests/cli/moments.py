"""A command that gets a signal at a moment that no load of the machine can shift.

Python is asked to name each module when it has imported it; the moment is so many
imports after the first one of ours, or a text that the command writes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

EARLY = (20, 90, 180, 270, 360, 450)
"""Numbers of imports; a command that has fewer gets the signal when it is ready."""
DEADLINE_S = 60.0
READY = ('"serving"', "See it live")


async def signalled(
    *command: str, number: int, moment: str | int, **environment: str
) -> tuple[int, str]:
    """Send a signal at a moment; return exit status and what was said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-u", "-m", "hiq", *command),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    words = READY if isinstance(moment, int) else (moment, *READY)
    said: list[str] = []
    imported = -1  # nothing of ours yet
    try:
        async with asyncio.timeout(DEADLINE_S):
            while text := (await process.stdout.readline()).decode():
                said.append(text)
                if "hiq.leaving" in text:
                    imported = 0
                elif imported >= 0:
                    imported += text.startswith("import time:")
                if imported == moment or any(word in text for word in words):
                    break
            process.send_signal(number)
            said.append((await process.stdout.read()).decode())
            status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    told = "".join(line for line in said if not line.startswith("import time:"))
    for word in ("Traceback", "ignored", "KeyboardInterrupt"):
        assert word not in told, told
    return status, told
