"""An SMSC that is reached through a proxy."""

from __future__ import annotations

from dataclasses import replace

from behaviour.providers.smpp.making import Bus, send, smpp
from behaviour.providers.smpp.smsc import Smsc, running
from herald.providers.sending import Accepted
from herald.providers.smpp.send import make_provider
from proxies import Proxy
from unit.providers.sending import context_of


async def test_a_bind_through_a_proxy(proxy: Proxy) -> None:
    """It comes from the proxy's address, and messages and receipts go over it."""
    async with running(Smsc()) as smsc:
        account = smpp(smsc.port)
        context = context_of(account.options, account.credentials.current)
        provider = make_provider(replace(context, connect=proxy.tunnel().connect))
        await provider.start(Bus().emit)
        assert await send(replace(account, provider=provider)) == Accepted(("id-1",))
        [session] = smsc.sessions
        assert session.writer.get_extra_info("peername")[0] == proxy.address
        await provider.stop()
