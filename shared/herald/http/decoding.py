"""Unpacking a body that a server packed though it was asked not to. Pure."""

from __future__ import annotations

import zlib

from herald.http.errors import UnreadableError

AS_IT_IS = frozenset({b"", b"identity"})
_PACKED = frozenset({b"gzip", b"x-gzip", b"deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_ZLIB_METHOD = 8  # RFC 1950: in the first byte of what is not the bare algorithm


def unpacked(body: bytes, encoding: bytes, largest: int) -> bytes:
    """Unpack a body; of one larger than `largest`, as much as shows that.

    Raises:
        UnreadableError: it is packed otherwise, or broken.
    """
    if encoding not in _PACKED:
        raise UnreadableError
    if not body:
        return body
    is_bare = encoding == b"deflate" and body[0] & 0x0F != _ZLIB_METHOD
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else _GZIP_OR_ZLIB)
    try:
        found = unpacking.decompress(body, largest + 1)
    except zlib.error:
        raise UnreadableError from None
    if not unpacking.eof and len(found) <= largest:
        raise UnreadableError
    return found
