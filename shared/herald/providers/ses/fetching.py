"""A GET over HTTPS: of a certificate, and to confirm a subscription. No redirects, little time.

The library is imported with the first one, for most ingresses need none.
"""

from __future__ import annotations

from herald.providers.ses.certificates import Fetched, FetchError

MAX_BYTES = 64 * 1024
SECONDS = 5.0


async def fetch(url: str) -> Fetched:
    """Get what is at a URL.

    Raises:
        FetchError: nothing was answered, or not in time.
    """
    import aiohttp  # noqa: PLC0415  see above

    from herald.http.trust import verifying  # noqa: PLC0415  likewise

    timeout = aiohttp.ClientTimeout(total=SECONDS)
    connector = aiohttp.TCPConnector(ssl=verifying())
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FetchError("too large")
            return Fetched(response.status, bytes(body))
    except TimeoutError:
        raise FetchError("timeout") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(type(error).__name__) from None
