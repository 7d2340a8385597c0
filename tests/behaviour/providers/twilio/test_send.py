"""SMS through Twilio's API, however a call ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import BasicAuth, web

from behaviour.providers.api_server import closed_port, http_client
from herald.channel.accounts import SendingAccount
from herald.contracts.work import WorkContent
from herald.http.client import HttpClient
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from herald.providers.twilio.account import TwilioSecrets
from unit.channel.making import ACCOUNT_SID, ATTEMPT, twilio, work
from unit.providers.sending import sending_account

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECRETS = TwilioSecrets.model_validate({"auth_tokens": ["current", "previous"]})


@asynccontextmanager
async def api(
    respond: Respond | web.Response,
) -> AsyncIterator[tuple[SendingAccount, list[web.Request]]]:
    """Serve the Messages resource; give an account that calls it and the requests it made."""
    requests: list[web.Request] = []

    async def create(request: web.Request) -> web.StreamResponse:
        await request.post()
        requests.append(request)
        return respond if isinstance(respond, web.Response) else await respond(request)

    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", create)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    caller = HttpClient(timedelta(seconds=1))
    await caller.start()
    account = twilio(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield sending_account(account, SECRETS, caller), requests
    finally:
        await caller.stop()
        await runner.cleanup()


async def test_one_form_post_with_the_current_token() -> None:
    """The call is one authenticated POST whose callback names the attempt."""
    created = web.json_response({"sid": "SM1", "status": "queued"}, status=201)
    async with api(created) as (account, requests):
        result = await account.send(work(content=WorkContent(text="a&b=c+d é")))
    assert result == Accepted(("SM1",), element={"sid": "SM1", "status": "queued"})
    [request] = requests
    form = await request.post()
    assert request.match_info["sid"] == ACCOUNT_SID
    assert request.content_type == "application/x-www-form-urlencoded"
    assert form["Body"] == "a&b=c+d é"
    assert form["StatusCallback"] == (
        f"https://hooks.example.com/webhooks/twilio/twilio-main?attempt={ATTEMPT}#rc=5&rp=all"
    )
    credentials = BasicAuth.decode(request.headers["Authorization"])
    assert (credentials.login, credentials.password) == (ACCOUNT_SID, "current")


async def test_unfit_content_makes_no_call() -> None:
    """What can be no SMS is refused without asking Twilio."""
    async with api(web.Response()) as (account, requests):
        assert isinstance(await account.send(work(content=WorkContent())), Refused)
    assert requests == []


async def test_a_lost_response_is_uncertain() -> None:
    """A connection cut after the request leaves the outcome unknown, and nothing is raised."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with api(cut) as (account, requests):
        result = await account.send(work())
    assert isinstance(result, Uncertain)
    assert len(requests) == 1  # never tried again by itself


async def test_an_unreachable_api_may_be_tried_again() -> None:
    """A refused connection proves that no message was created."""
    async with http_client() as client:
        away = twilio(base_url=f"http://127.0.0.1:{closed_port()}")
        assert await sending_account(away, SECRETS, client).send(work()) == NotSent("connect")
