"""Chromium without a window, as Debian packages it; installed once where it is missing."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from herald_local import packages

PROGRAM = "chromium"
SCRIPT_MS = 4000  # of the page's own time, which runs ahead of ours
SECONDS = 60


def chromium() -> str:
    """Return the browser's path.

    Raises:
        herald_local.errors.ProgramError: it is missing and can't be installed.
    """
    with Path(tempfile.gettempdir(), f"herald-chromium.{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if shutil.which(PROGRAM) is None:
            packages.install(PROGRAM)
    return shutil.which(PROGRAM) or PROGRAM


async def page(url: str, profile: Path) -> str:
    """Open a page, let its scripts run, and return its markup as they left it."""
    program = await asyncio.to_thread(chromium)
    browser = await asyncio.create_subprocess_exec(
        program,
        "--headless",
        "--no-sandbox",  # tests may run as root, and open their own pages only
        "--disable-gpu",
        f"--user-data-dir={profile}",
        f"--virtual-time-budget={SCRIPT_MS}",
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await browser.communicate()
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
    return output.decode()
