"""FastStream's brokers as Herald uses them: what is subscribed and published, for AsyncAPI."""

from __future__ import annotations

from types import TracebackType

from faststream.rabbit import RabbitBroker

from herald.bus.channels import CALL_TIMEOUT_SECONDS
from herald.bus.connection_keeper import ConnectionKeeper, with_settings
from herald.bus.lenient_decoding import decode_any_properties

GRACEFUL_TIMEOUT_SECONDS = 30.0
_DOCUMENTED_URL = "amqp://rabbitmq:5672/"  # what AsyncAPI shows: the same on every machine


class Broker(RabbitBroker):
    """A broker whose subscribers and publishers share a connection of ours, not FastStream's.

    Its own would go on connecting after a failed or cancelled start, reopen channels in a task that
    waits for itself when the link breaks meanwhile, and offer no way to read them without a bound.

    Stopping waits up to the graceful timeout for handlers. Building one opens nothing.
    """

    def __init__(
        self,
        amqp_url: str,
        *,
        app_id: str,
        role: str,
        graceful_timeout_seconds: float = GRACEFUL_TIMEOUT_SECONDS,
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        decode_any_properties()
        super().__init__(
            _DOCUMENTED_URL,
            app_id=app_id,
            graceful_timeout=graceful_timeout_seconds,
            logger=None,
        )
        self.app_id = app_id
        self.call_timeout_seconds = call_timeout_seconds
        self.keeper = ConnectionKeeper(with_settings(amqp_url, name=f"{app_id} {role}"), role)

    async def start(self) -> None:
        """Connect, however long it takes, then start the subscribers."""
        self.keeper.start()
        await self.keeper.connected()
        for subscriber in self.subscribers:
            await subscriber.start()
        self.running = True

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Stop the subscribers, then close the connection."""
        await super().stop(exc_type, exc_val, exc_tb)
        await self.keeper.stop()
