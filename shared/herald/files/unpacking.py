"""A body that its server packed all the same, unpacked up to a bound."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from herald.files.failures import CUT, ENCODING, because

AS_IT_IS = frozenset({"", "identity"})
_PACKED = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def unpacked(
    chunks: AsyncIterator[bytes], encoding: str, piece: int = 256 * 1024
) -> AsyncIterator[bytes]:
    """Unpack a body, in pieces no longer than `piece`: a short one may unpack to any size.

    Raises:
        FetchError: it is packed otherwise, or can't be unpacked.
    """
    if encoding in AS_IT_IS:
        async for chunk in chunks:
            yield chunk
        return
    if encoding not in _PACKED:
        raise because(ENCODING)
    unpacking = zlib.decompressobj(_PACKED[encoding])
    async for chunk in chunks:
        left = chunk
        while left:
            try:
                out = unpacking.decompress(left, piece)
            except zlib.error:
                raise because(ENCODING) from None
            left = unpacking.unconsumed_tail
            if out:
                yield out
    if not unpacking.eof:
        raise because(CUT)
