"""How a certificate is fetched: whole, in time, from where it was named."""

from __future__ import annotations

import pytest

from behaviour.providers.api_server import ApiServer, closed_port, serving_api
from herald.providers.ses.certificates import FetchError
from herald.providers.ses.fetching import MAX_BYTES, fetch


async def fetched(**answer: object) -> tuple[int, bytes]:
    """Fetch from an API that answers so."""
    async with serving_api() as api:
        for name, value in answer.items():
            setattr(api, name, value)
        found = await fetch(f"{api.base_url}/SimpleNotificationService-1.pem")
        return found.status, found.body


async def test_a_page() -> None:
    """It comes as it is, whatever its status says."""
    assert await fetched(body=b"pem") == (200, b"pem")
    assert await fetched(status=404, body=b"none") == (404, b"none")


async def test_redirects_are_not_followed() -> None:
    """What another place holds is no certificate of SNS's."""
    async with serving_api() as other:
        headers = {"Location": f"{other.base_url}/x.pem"}
        assert (await fetched(status=302, headers=headers, body=b""))[0] == 302
        assert other.requests == []


@pytest.mark.parametrize(
    "answer", [{"body": b"x" * (MAX_BYTES + 1)}, {"ending": "close"}, {"ending": "cut"}]
)
async def test_what_is_too_large_or_cut(answer: dict[str, object]) -> None:
    """Nothing is taken for a certificate that did not come whole."""
    with pytest.raises(FetchError):
        await fetched(**answer)


async def test_nobody_there() -> None:
    """A refused connection and a URL that is none are our trouble."""
    for url in (f"http://127.0.0.1:{closed_port()}/x.pem", "http://", "x"):
        with pytest.raises(FetchError):
            await fetch(url)


async def test_it_takes_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """SNS waits 15 s for us."""
    monkeypatch.setattr("herald.providers.ses.fetching.SECONDS", 0.1)
    api: ApiServer
    async with serving_api() as api:
        api.ending = "silence"
        with pytest.raises(FetchError, match="timeout"):
            await fetch(f"{api.base_url}/x.pem")
