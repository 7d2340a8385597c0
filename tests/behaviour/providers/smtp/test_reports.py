"""What a relay is asked to report, where it can."""

from __future__ import annotations

import pytest

from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import relaying
from herald.providers.sending import Accepted
from unit.channel_email.making import ATTEMPT, TO, work

NOTIFY = " NOTIFY=SUCCESS,DELAY,FAILURE"
WITH_DSN = "250-relay.example.com\n250 DSN"


@pytest.mark.parametrize(
    ("ehlo", "asked"),
    [
        (
            WITH_DSN,
            (f" RET=HDRS ENVID={ATTEMPT}", f" NOTIFY=SUCCESS,DELAY,FAILURE ORCPT=rfc822;{TO}"),
        ),
        ("250 relay.example.com", ("", "")),
    ],
)
async def test_reports_are_asked_for(ehlo: str, asked: tuple[str, str]) -> None:
    """With `dsn` a relay that offers it gets our id for its reports; another is not bothered."""
    async with relaying(EHLO=ehlo) as peer:
        account = smtp(peer.port, dsn=True)
        assert isinstance(await account.send(work()), Accepted)
        await account.provider.stop()
    lines = [line for line in peer.sessions[0] if line.startswith(("MAIL", "RCPT"))]
    assert lines == [f"MAIL FROM:<no-reply@example.com>{asked[0]}", f"RCPT TO:<{TO}>{asked[1]}"]


async def test_nothing_is_asked_for_by_default() -> None:
    """Without the option no report is asked for."""
    async with relaying(EHLO=WITH_DSN) as peer:
        account = smtp(peer.port)
        assert isinstance(await account.send(work()), Accepted)
        await account.provider.stop()
    assert not any("ENVID" in line or "NOTIFY" in line for line in peer.sessions[0])
