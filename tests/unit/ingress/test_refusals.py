"""Who is refused by ingress, and what of the call is looked at before."""

from __future__ import annotations

import asyncio

import pytest

from unit.ingress.asking import WHATSAPP, Bus, ask, payload, receiver, signed


async def test_nobody_can_find_out_who_is_known() -> None:
    """A bad signature, an unknown account and an unknown provider get one and the same response."""
    app, body = receiver(Bus()), payload("status_sent")
    responses = [
        await ask(app, path, [body], headers=signed(body, b"wrong"), query=query)
        for path in (WHATSAPP, "/webhooks/whatsapp_cloud/x", "/webhooks/x/x", "/webhooks/smtp/main")
        for query in ("", "x=1")
    ]
    assert {(a.status, a.body, tuple(a.headers.items())) for a in responses} == {
        (401, b"not authentic\n", tuple(responses[0].headers.items()))
    }


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        ("whatsapp_cloud", {}),
        ("twilio", {}),
        ("sendgrid", {}),
        ("sendgrid", {"X-Twilio-Email-Event-Webhook-Signature": "x"}),
        ("sendgrid", {"X-Twilio-Email-Event-Webhook-Timestamp": "1"}),
        ("postmark", {}),
        ("ses", {}),
        ("ses", {"X-Amz-Sns-Message-Type": "Notification", "X-Amz-Sns-Message-Id": "1"}),
        ("nobody", {}),
    ],
)
@pytest.mark.parametrize("account", ["main", "nobody"])
async def test_a_body_without_a_signature_is_not_read(
    provider: str, headers: dict[str, str], account: str
) -> None:
    """What can't be authentic is 401 at once, with the response that a bad signature gets."""
    app, path = receiver(Bus()), f"/webhooks/{provider}/{account}"
    async with asyncio.timeout(5):
        response = await ask(app, path, [None], headers={**headers, "Content-Length": "4000000"})
    bad = await ask(app, WHATSAPP, [b"{}"], headers=signed(b"{}", b"wrong"))
    assert (response.status, response.body, response.headers) == (401, bad.body, bad.headers)


async def test_the_body_of_a_get_is_not_read() -> None:
    """A handshake has no body: one that announces it is answered without it."""
    query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=token"
    async with asyncio.timeout(5):
        response = await ask(receiver(Bus()), WHATSAPP, [None], method="GET", query=query)
    assert (response.status, response.body) == (200, b"1")


async def test_nothing_is_parsed_before_the_signature() -> None:
    """A body that is no JSON is 401 without a signature and 400 with one."""
    app = receiver(Bus())
    assert (await ask(app, WHATSAPP, [b"{"])).status == 401
    assert (await ask(app, WHATSAPP, [b"{"], headers=signed(b"{"))).status == 400


@pytest.mark.parametrize("announced", [True, False])
async def test_too_large_is_refused_before_it_is_read(*, announced: bool) -> None:
    """An announced length over the cap, or more bytes than it, ends the call."""
    chunk = b"x" * 100_000
    headers = {"X-Twilio-Signature": "x"}
    if announced:
        headers["Content-Length"] = str(10**9)
    chunks: list[bytes | None] = [None] if announced else [*[chunk] * 3, None]
    response = await ask(receiver(Bus()), "/webhooks/twilio/main", chunks, headers=headers)
    assert (response.status, response.headers[b"connection"]) == (413, b"close")


async def test_too_slow_is_refused() -> None:
    """A body that does not come in time is 408, and the connection is closed."""
    response = await ask(
        receiver(Bus(), body_seconds=0.05), WHATSAPP, [b"{", None], headers=signed(b"{")
    )
    assert (response.status, response.headers[b"connection"]) == (408, b"close")


async def test_content_encodings_are_refused() -> None:
    """A compressed body is 415, whoever sends it."""
    body = payload("status_sent")
    headers = {**signed(body), "Content-Encoding": "gzip"}
    assert (await ask(receiver(Bus()), WHATSAPP, [body], headers=headers)).status == 415


async def test_no_encoding_may_be_named_in_any_case() -> None:
    """`Identity` is what `identity` is."""
    body = payload("status_sent")
    headers = {**signed(body), "Content-Encoding": "Identity"}
    assert (await ask(receiver(Bus()), WHATSAPP, [body], headers=headers)).status == 200


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        (WHATSAPP, "PUT", b"GET, POST"),
        ("/webhooks/sendgrid/main", "GET", b"POST"),
        ("/webhooks/x/x", "DELETE", b"GET, POST"),
    ],
)
async def test_wrong_methods_are_named(path: str, method: str, allowed: bytes) -> None:
    """A method the provider never uses is 405 with those it may use."""
    response = await ask(receiver(Bus()), path, method=method)
    assert (response.status, response.headers[b"allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=token", 200),
        ("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=other", 401),
        ("hub.mode=subscribe&hub.challenge=1158201444", 401),
        ("hub.mode=unsubscribe&hub.challenge=1158201444&hub.verify_token=token", 401),
        ("hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=token", 401),
        ("hub.mode=subscribe&hub.challenge=1%0A&hub.verify_token=token", 401),
        ("hub.mode=subscribe&hub.challenge=&hub.verify_token=token", 401),
        ("", 401),
    ],
)
async def test_meta_handshake(query: str, status: int) -> None:
    """The challenge comes back as plain text for the right token and a harmless challenge only."""
    response = await ask(receiver(Bus()), WHATSAPP, method="GET", query=query)
    assert response.status == status
    if status == 200:
        assert (response.body, response.headers[b"content-type"]) == (
            b"1158201444",
            b"text/plain; charset=utf-8",
        )
