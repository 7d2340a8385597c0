"""Telegram's Bot API.

Source: Telegram, "Bot API": sendMessage and its like, Update, setWebhook, "Making requests".
Telegram reports nothing of a message that it took.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from pydantic import SecretStr
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow, MessageRequest
from sandbox.inbox import Shown, ShownFile
from sandbox.settings import Section, Url
from sandbox.stand_ins import Definition, InboundMessage, StandIn, Vocabulary
from sandbox.throttling import Scope
from sandbox.webhooks import Webhook, WebhookFactory

RETRIES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the real ones take hours
LONGEST_TEXT, LONGEST_CAPTION = 4096, 1024
METHODS = {  # with the field that holds what is sent
    "sendMessage": "text",
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendDocument": "document",
    "sendLocation": "latitude",
}
FAILURES: dict[Failure, str] = {
    Failure.NOT_ON_NETWORK: "Bad Request: chat not found",
    Failure.UNKNOWN_RECIPIENT: "Forbidden: user is deactivated",
    Failure.UNREACHABLE: "Forbidden: bot was kicked from the group chat",
    Failure.OPTED_OUT: "Forbidden: bot was blocked by the user",
    Failure.BAD_CREDENTIALS: "Unauthorized",
    Failure.BAD_MEDIA: "Bad Request: wrong file identifier/HTTP URL specified",
}
CODES = {"Bad Request": 400, "Unauthorized": 401, "Forbidden": 403}


class TelegramBot(Section):
    """A bot; `secret_token` and `webhook_url` are what setWebhook was given."""

    bot_token: SecretStr
    secret_token: SecretStr
    webhook_url: Url


class Telegram(StandIn):
    """The bots of one sandbox."""

    def __init__(self, bots: dict[str, TelegramBot], flow: Flow) -> None:
        self._bots = bots
        self._flow = flow
        self._numbers = count(1)
        self.routes = [Route("/telegram/bot{token}/{method}", self.call, methods=["POST"])]

    async def call(self, request: Request) -> Response:
        """Take a message by one of the methods that send one."""
        name = self._bot(request.path_params["token"])
        if name is None:
            return error(401, "Unauthorized")
        field = METHODS.get(request.path_params["method"])
        if field is None:
            return error(404, "Not Found")
        try:
            given = from_json(await request.body())
            chat, said = str(given["chat_id"]), given[field]
        except (ValueError, TypeError, LookupError):
            return error(400, f"Bad Request: {field} is empty")
        caption = given.get("caption", "")
        if field == "text" and len(said) > LONGEST_TEXT:
            return error(400, "Bad Request: message is too long")
        if len(caption) > LONGEST_CAPTION:
            return error(400, "Bad Request: message caption is too long")
        number = next(self._numbers)
        is_file = field not in {"text", "latitude"}
        files = (ShownFile(url=said, name=field, caption=caption),) if is_file else ()
        words = {"text": said, "latitude": f"geo:{said},{given.get('longitude')}"}.get(field)
        wanted = MessageRequest(
            provider="telegram",
            channel="telegram",
            account=name,
            to=chat,
            attempt=None,  # a bot can give a message no name of its own
            reference=f"{chat}/{number}",
            shown=Shown(text=words or caption, files=files, buttons=_buttons(given)),
        )
        return await self._flow.respond(wanted, self._message(name, chat, number, given))

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message; its fields are those of Telegram's Message."""
        if message.account not in self._bots:
            raise LookupError(f"no account {message.account}")
        written: dict[str, Any] = {"text": message.text} if message.text else {}
        sent = self._message(message.account, message.sender, next(self._numbers), {})
        return sent.written({**written, **(message.fields or {})})

    def _message(self, name: str, chat: str, number: int, given: dict[str, Any]) -> _Message:
        return _Message(self._bots[name], chat, number, given, self._numbers)

    def _bot(self, token: str) -> str | None:
        for name, bot in self._bots.items():
            if hmac.compare_digest(token.encode(), bot.bot_token.get_secret_value().encode()):
                return name
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    bot: TelegramBot
    chat: str
    number: int
    given: dict[str, Any]
    numbers: count[int]

    def accepted(self, _reference: str) -> Response:
        sent: dict[str, Any] = {"message_id": self.number, "chat": self._chat, "date": _now()}
        sent |= {name: self.given[name] for name in ("text", "caption") if name in self.given}
        return JSONResponse({"ok": True, "result": sent})

    def refused(self, failure: Failure) -> Response:
        words = FAILURES[failure]
        return error(CODES[words.partition(":")[0]], words)

    def throttled(self, seconds: int | None, code: int | str | None = None) -> Response:
        wait = seconds or 1
        words = f"Too Many Requests: retry after {wait}"
        return error(int(code or 429), words, {"retry_after": wait})

    def server_error(self) -> Response:
        return error(500, "Internal Server Error")

    def status(self, _reference: str, _status: Status, _failure: Failure | None) -> WebhookFactory:
        return lambda: None

    def reply(self, text: str) -> WebhookFactory:
        return self.written({"text": text, "reply_to_message": {"message_id": self.number}})

    def written(self, fields: dict[str, Any]) -> WebhookFactory:
        """Post what the chat's user wrote."""
        user = {"id": self._chat["id"], "is_bot": False, "first_name": "Ada", "username": "ada"}
        message = {"message_id": next(self.numbers), "from": user, "chat": self._chat}
        update = {"update_id": next(self.numbers), "message": {**message, "date": _now(), **fields}}
        body = json.dumps(update).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": self.bot.secret_token.get_secret_value(),
        }
        url = self.bot.webhook_url
        return lambda: Webhook(url=url, headers=headers, body=body, retries=RETRIES)

    @property
    def _chat(self) -> dict[str, Any]:
        is_number = self.chat.removeprefix("-").isdigit()
        return {"id": int(self.chat) if is_number else self.chat, "type": "private"}


def _buttons(given: dict[str, Any]) -> tuple[str, ...]:
    rows = given.get("reply_markup", {}).get("inline_keyboard", [])
    return tuple(button["text"] for row in rows for button in row)


def error(code: int, words: str, parameters: dict[str, Any] | None = None) -> Response:
    """Respond with an error in Telegram's form."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    if parameters is not None:
        body["parameters"] = parameters
    return JSONResponse(body, status_code=code)


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


DEFINITION = Definition(
    name="telegram",
    settings=dict[str, TelegramBot],
    make=Telegram,
    throttles={Scope.ACCOUNT: 429},
    channels={"telegram": Vocabulary(failures=FAILURES, statuses=())},
)
