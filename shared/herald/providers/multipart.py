"""A form with files, as one request's body (RFC 7578). Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from herald.providers.files import File

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\]')  # what would end a header or a quoted name


def multipart_form(
    fields: Iterable[tuple[str, str]], files: Iterable[tuple[str, File]] = ()
) -> tuple[str, bytes]:
    """Write named texts and files; return the content type and the body."""
    boundary = f"herald-{secrets.token_hex(16)}"
    parts = [(f'form-data; name="{name}"', "", value.encode()) for name, value in fields]
    for name, file in files:
        shown = _UNSAFE.sub("_", file.name)
        disposition = f'form-data; name="{name}"; filename="{shown}"'
        kind = _UNSAFE.sub("", file.content_type)
        parts.append((disposition, f"Content-Type: {kind}\r\n", file.body))
    body = b"".join(
        b"".join(
            (
                f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode(),
                content,
                b"\r\n",
            )
        )
        for disposition, kind, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
