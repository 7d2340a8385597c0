"""A GET over HTTPS: of a certificate, and to confirm a subscription. No redirects, little time."""

from __future__ import annotations

from datetime import timedelta

from herald.http.client import HttpClient
from herald.http.errors import NotSentError, ResponseLostError
from herald.providers.ses.certificates import Fetched, FetchError

MAX_BYTES = 64 * 1024
SECONDS = 5.0


async def fetch(url: str) -> Fetched:
    """Get what is at a URL.

    Raises:
        FetchError: nothing was answered, or not in time.
    """
    client = HttpClient(timedelta(seconds=SECONDS), largest=MAX_BYTES)
    await client.start()
    try:
        response = await client.request("GET", url, headers={}, body=b"")
    except (NotSentError, ResponseLostError) as error:
        raise FetchError(error.code) from None
    finally:
        await client.stop()
    if len(response.body) > MAX_BYTES:
        raise FetchError("too large")
    return Fetched(response.status, response.body)
