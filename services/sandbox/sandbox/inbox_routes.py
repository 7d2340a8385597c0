"""`/inbox`, a page with what recipients would see, and `/_sandbox/inbox`, the same for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.inbox import Inbox, Message, ShownFile

PAGE = Path(__file__).parent / "inbox_page"
MOST_MESSAGES = 200  # in one response

# Whoever wrote a mail wrote a page: it gets no script, no form, no origin, and loads only pictures.
MAIL_POLICY = "sandbox; default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' https:; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
FILE_POLICY = "sandbox; default-src 'none'"
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_CONTENT_ID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)


def inbox_routes(inbox: Inbox) -> Sequence[BaseRoute]:
    """Build the routes."""

    async def messages(request: Request) -> Response:
        if request.method == "DELETE":
            inbox.reset()
            return JSONResponse({"messages": []})
        query = request.query_params
        after = query.get("after", "0")
        if not after.isdecimal():
            return JSONResponse({"error": "after: the id of a message"}, status_code=400)
        found = inbox.messages(to=query.get("to"), channel=query.get("channel"))
        newer = [message for message in found if message.id > int(after)]
        return JSONResponse({"messages": [described(it) for it in newer[:MOST_MESSAGES]]})

    async def message(request: Request) -> Response:
        found = inbox.message(request.path_params["number"])
        return _GONE if found is None else JSONResponse(described(found))

    async def html(request: Request) -> Response:
        found = inbox.message(request.path_params["number"])
        if found is None or found.shown.html is None:
            return _GONE
        return HTMLResponse(_with_pictures(found), headers=_guarded(MAIL_POLICY))

    async def file(request: Request) -> Response:
        found = inbox.message(request.path_params["number"])
        number = request.path_params["file"]
        files = () if found is None else found.shown.files
        if not 0 < number <= len(files) or files[number - 1].body is None:
            return _GONE
        return _file(files[number - 1])

    return [
        Route("/_sandbox/inbox", messages, methods=["GET", "DELETE"]),
        Route("/_sandbox/inbox/{number:int}", message),
        Route("/_sandbox/inbox/{number:int}/html", html),
        Route("/_sandbox/inbox/{number:int}/files/{file:int}", file),
        Route("/inbox", _page),
        Route("/", _to_the_page),
        Mount("/inbox/static", StaticFiles(directory=PAGE)),
    ]


def described(message: Message) -> dict[str, Any]:
    """Write a message as JSON; files that it holds are linked."""
    shown = message.shown
    return {
        "id": message.id,
        "provider": message.provider,
        "channel": message.channel,
        "account": message.account,
        "sender": message.sender,
        "to": message.to,
        "reference": message.reference,
        "at": message.at.isoformat(),
        "text": shown.text,
        "subject": shown.subject,
        "html": shown.html,
        "template": shown.template,
        "variables": dict(shown.variables),
        "buttons": list(shown.buttons),
        "headers": dict(shown.headers),
        "files": [
            _described_file(message, number, it) for number, it in enumerate(shown.files, start=1)
        ],
    }


def _described_file(message: Message, number: int, file: ShownFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "content_type": file.content_type,
        "caption": file.caption,
        "content_id": file.content_id,
        "size": None if file.body is None else file.size,
        "url": file.url if file.body is None else _link(message, number),
    }


def _link(message: Message, number: int) -> str:
    return f"/_sandbox/inbox/{message.id}/files/{number}"


def _with_pictures(message: Message) -> str:
    """Let the HTML of a mail show the pictures that came with it."""
    links = {
        file.content_id: _link(message, number)
        for number, file in enumerate(message.shown.files, start=1)
        if file.content_id
    }
    return _CONTENT_ID.sub(lambda match: links.get(match[1], match[0]), message.shown.html or "")


def _file(file: ShownFile) -> Response:
    kind = file.content_type if file.content_type in _PICTURES else "application/octet-stream"
    shown = "inline" if kind in _PICTURES else "attachment"
    name = quote(file.name or "file", safe="")
    return Response(
        file.body,
        media_type=kind,
        headers={
            **_guarded(FILE_POLICY),
            "Content-Disposition": f"{shown}; filename*=UTF-8''{name}",
        },
    )


async def _page(_request: Request) -> Response:
    return FileResponse(PAGE / "inbox.html", headers=_guarded(PAGE_POLICY))


async def _to_the_page(_request: Request) -> Response:
    return RedirectResponse("/inbox")


def _guarded(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


_GONE = PlainTextResponse("no such message, or none any more\n", status_code=404)
