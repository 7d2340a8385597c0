"""Files that the WhatsApp Cloud API was given, in memory. Meta: "Media"."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sandbox.providers.whatsapp_cloud_parts import Invalid

MAX_FILES = 200
MAX_BYTES = 64 * 1024 * 1024  # of all of them
# Meta, "Supported media types"
TYPES = frozenset(
    {
        *("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus"),
        *("image/jpeg", "image/png", "image/webp", "video/mp4", "video/3gpp", "text/plain"),
        *("application/pdf", "application/msword", "application/vnd.ms-excel"),
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came."""

    name: str
    content_type: str
    body: bytes = field(repr=False)


class Uploads:
    """Keeps the newest; the oldest go when there are too many, or too many bytes."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, Upload] = OrderedDict()
        self._ids = count(900_000_000_000_001)

    def __contains__(self, reference: object) -> bool:
        return reference in self._files

    def get(self, reference: str) -> Upload | None:
        """Return a file, None when there is none any more."""
        return self._files.get(reference)

    async def take(self, request: Request) -> str:
        """Read a file from a form, and return its id.

        Raises:
            Invalid: Meta would refuse it.
        """
        async with request.form() as form:
            file, product = form.get("file"), form.get("messaging_product")
            if product != "whatsapp":
                raise Invalid(100, "The parameter messaging_product is required.")
            if not isinstance(file, UploadFile):
                raise Invalid(100, "The parameter file is required.")
            kind = (file.content_type or "").partition(";")[0]
            if kind not in TYPES:
                raise Invalid(100, f"Param file must be a file with one of the types: {kind}")
            body = await file.read()
            upload = Upload(name=file.filename or "", content_type=kind, body=body)
        reference = str(next(self._ids))
        self._files[reference] = upload
        while len(self._files) > MAX_FILES or self._size() > MAX_BYTES:
            self._files.popitem(last=False)
        return reference

    def clear(self) -> None:
        """Forget all."""
        self._files.clear()

    def _size(self) -> int:
        return sum(len(file.body) for file in self._files.values())
