"""Where ingress keeps the attachments of mails whose providers send the bytes along.

A folder of files named by their SHA-256, so that what comes twice is kept once, from any replica:
several share one volume. It is bounded in size and age; what has no room is dropped, and the event
says so.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from herald.contracts.receipts import InboundReceipt
from herald.providers.inbound_mail import dropped
from herald.providers.webhook_endpoints import Normalised
from herald.service.background import Background
from herald.service.periodic import JITTER, Periodic
from ingress import metrics

PRUNE_SECONDS = 3600.0
_FOLDER_MODE, _FILE_MODE = 0o750, 0o640
_WRITING = ".writing-"  # in front of the name of what is not whole
_STALE_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


class AttachmentsUnusableError(Exception):
    """The folder can't be written to; the text says why."""


class Attachments:
    """The folder; without one nothing is kept. Its calls block: they belong in a thread."""

    def __init__(
        self, folder: Path | None = None, max_bytes: int = 0, kept_for: timedelta = timedelta(0)
    ) -> None:
        """Take a folder and see that it can be written to.

        Raises:
            AttachmentsUnusableError: it can't.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._kept_for = kept_for
        self._bytes = 0
        if folder is None:
            return
        try:
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            self.prune()
        except OSError as error:
            raise AttachmentsUnusableError(error.strerror or type(error).__name__) from None

    def keep_those_of(self, found: Normalised) -> None:
        """Keep what a request's mails brought along, and say of what is not kept that it is gone.

        Raises:
            AttachmentsUnusableError: the disk fails.
        """
        try:
            kept = frozenset(self._keep(found.files))
        except OSError as error:
            raise AttachmentsUnusableError(error.strerror or type(error).__name__) from None
        lost = len(found.files) - len(kept)
        metrics.ATTACHMENTS.labels("kept").inc(len(kept))
        metrics.ATTACHMENTS.labels("dropped").inc(lost)
        if lost:
            if self._folder is not None:
                _log.warning("ingress.attachments_dropped", files=lost, bytes=self._bytes)
            found.receipts = [
                dropped(receipt, kept) if isinstance(receipt, InboundReceipt) else receipt
                for receipt in found.receipts
            ]
        found.files = {}

    def prune(self) -> None:
        """Remove what is older than it may be, and count what is left."""
        oldest, total = time.time() - self._kept_for.total_seconds(), 0
        for path in self._files():
            with suppress(FileNotFoundError):  # another replica was quicker
                status = path.stat()
                stale = path.name.startswith(_WRITING)
                if status.st_mtime < (time.time() - _STALE_SECONDS if stale else oldest):
                    path.unlink()
                else:
                    total += status.st_size
        self._bytes = total
        metrics.ATTACHMENTS_BYTES.set(total)

    def _keep(self, files: Mapping[str, bytes]) -> Iterator[str]:
        if self._folder is None:
            return
        for digest, body in files.items():
            path = self._folder / digest[:2] / digest
            if path.exists():
                os.utime(path)  # its time begins anew
            elif self._bytes + len(body) > self._max_bytes:
                continue
            else:
                _write(path, body)
                self._bytes += len(body)
            yield digest
        metrics.ATTACHMENTS_BYTES.set(self._bytes)

    def _files(self) -> Iterator[Path]:
        return iter(()) if self._folder is None else self._folder.glob("??/*")


@asynccontextmanager
async def pruned(attachments: Attachments) -> AsyncIterator[None]:
    """Prune the folder every hour for as long as a service runs."""
    job = Periodic(
        "attachments",
        partial(asyncio.to_thread, attachments.prune),
        PRUNE_SECONDS,
        jitter=JITTER,
        begins_with_pause=True,
    )
    work = Background("pruning attachments", job.run)
    work.start()
    try:
        yield
    finally:
        await work.stop()


def _write(path: Path, body: bytes) -> None:
    """Write a file whole or not at all; it is on the disk when this returns."""
    path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    part = path.with_name(f"{_WRITING}{uuid4().hex}")
    try:
        with part.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(_FILE_MODE)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
