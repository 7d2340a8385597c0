"""WhatsApp through Meta's Cloud API.

Source: Meta, "Cloud API, messages" and "Cloud API error codes".
"""

from __future__ import annotations

from pydantic_core import to_json

from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.errors import NotSentError, ResponseLostError
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.sending import (
    Emit,
    NotSent,
    Provider,
    Refused,
    SendResult,
    Uncertain,
)
from herald.providers.whatsapp_cloud.messages import files_of, write_message
from herald.providers.whatsapp_cloud.requests import Context, authorization, endpoint
from herald.providers.whatsapp_cloud.responses import read_response
from herald.providers.whatsapp_cloud.uploads import Uploads
from herald.providers.whatsapp_parts import Uploaded


def make_provider(context: Context) -> Provider:
    """Make the provider of one phone number."""
    return WhatsAppCloud(context)


class WhatsAppCloud:
    """Sends by POST, and reports by webhook only."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._uploads = Uploads(context) if context.account.media == "upload" else None

    async def start(self, _emit: Emit, /) -> None:
        """Open nothing: the client is ready."""

    async def stop(self) -> None:
        """Give up uploads; the client is its owner's."""
        if self._uploads is not None:
            await self._uploads.stop()

    async def send(self, work: Work, content: RenderedWhatsApp) -> SendResult:
        """Make the one call that sends a message, once Meta has the files it is to have."""
        uploaded: Uploaded = {}
        if self._uploads is not None:
            found = await self._uploads.ids_of(files_of(content))
            if isinstance(found, Refused | NotSent):
                return found
            uploaded = found
        message = write_message(work, content, self._context.name, uploaded)
        if isinstance(message, Failure):
            return Refused(message, of_message=True)
        headers = {**authorization(self._context), "Content-Type": "application/json"}
        try:
            response = await self._context.http.post(
                endpoint(self._context, "messages"), headers=headers, body=to_json(message)
            )
        except NotSentError as error:
            return NotSent(error.code, no_connection=True)
        except ResponseLostError as error:
            return Uncertain(error.code)
        return read_response(response, work, content)
