"""SMSCs that speak SMPP 3.4; each account is one, with a port of its own."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.behaviours import Status
from sandbox.flow import Flow
from sandbox.providers.smpp_centre import OUR_NUMBER, REFUSALS, THROTTLED, Centre, SmppSystem
from sandbox.providers.smpp_receipts import FAILED
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory

THROTTLES: dict[Scope, int | str] = {Scope.ACCOUNT: THROTTLED}


class Smpp(StandIn):
    """All accounts, each an SMSC of its own."""

    def __init__(self, systems: Mapping[str, SmppSystem], flow: Flow) -> None:
        self._centres = {name: Centre(name, system, flow) for name, system in systems.items()}

    async def start(self) -> None:
        """Listen."""
        for centre in self._centres.values():
            await centre.start()

    async def stop(self) -> None:
        """End every session."""
        for centre in self._centres.values():
            await centre.stop()

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Deliver a text to the account's number, in as many parts as it takes."""
        centre = self._centres.get(message.account)
        if centre is None:
            raise LookupError(f"no account {message.account}")
        to = str((message.fields or {}).get("to", OUR_NUMBER))
        return centre.reply(message.sender, to, message.text)


DEFINITION = Definition(
    name="smpp",
    settings=dict[str, SmppSystem],
    make=Smpp,
    throttles=THROTTLES,
    channels={
        "sms": Vocabulary(
            failures={
                **{failure: f"0x{code:02X}" for failure, code in REFUSALS.items()},
                **{failure: f"{word} err:{error:03}" for failure, (word, error) in FAILED.items()},
            },
            statuses=(Status.SENT, Status.DELIVERED, Status.FAILED),
        )
    },
)
