"""What a recipient sees of a message of the WhatsApp Cloud API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.inbox import Shown, ShownFile
from sandbox.providers.whatsapp_cloud_files import Uploads
from sandbox.providers.whatsapp_cloud_templates import BUTTONS

Part = dict[str, Any]
_FILES = ("image", "video", "audio", "document", "sticker")


def shown(message: Part, uploads: Uploads) -> Shown:
    """Describe a message that was taken."""
    kind = message.get("type", "text")
    part = message[kind]
    if kind == "template":
        return _template(part, uploads)
    if kind == "interactive":
        return _interactive(part, uploads)
    if kind in _FILES:
        return Shown(text=part.get("caption", ""), files=(_file(kind, part, uploads),))
    if kind == "location":
        return Shown(text=_place(part))
    if kind == "contacts":
        return Shown(text="\n".join(contact["name"]["formatted_name"] for contact in part))
    return Shown(text=part["emoji"] if kind == "reaction" else part["body"])


def _interactive(part: Part, uploads: Uploads) -> Shown:
    header = part.get("header", {})
    lines = (
        header.get("text") if header.get("type") == "text" else None,
        part["body"]["text"],
        part.get("footer", {}).get("text"),
    )
    return Shown(
        text="\n".join(filter(None, lines)),
        files=tuple(_files(header, uploads)),
        buttons=tuple(_tapped(part["action"])),
    )


def _tapped(action: Part) -> Iterator[str]:
    for button in action.get("buttons", []):
        yield button["reply"]["title"]
    for section in action.get("sections", []):
        for row in section["rows"]:
            yield row["title"]
    if "parameters" in action:
        yield f"{action['parameters']['display_text']}: {action['parameters']['url']}"


def _template(part: Part, uploads: Uploads) -> Shown:
    variables: dict[str, str] = {}
    files: list[ShownFile] = []
    buttons: list[str] = []
    for component in part.get("components", []):
        parameters = component["parameters"]
        if component["type"] == "button":
            kind = component["sub_type"]
            buttons.append(f"{component['index']}: {parameters[0][BUTTONS[kind]]}")
            continue
        prefix = "header." if component["type"] == "header" else ""
        for number, parameter in enumerate(parameters, start=1):
            files += _files(parameter, uploads)
            value = _place(parameter["location"]) if "location" in parameter else None
            words = value or parameter.get("text")
            if words:
                variables[f"{prefix}{parameter.get('parameter_name', number)}"] = words
    return Shown(
        template=part["name"],
        variables=variables,
        files=tuple(files),
        buttons=tuple(buttons),
    )


def _files(part: Part, uploads: Uploads) -> Iterator[ShownFile]:
    kind = part.get("type")
    if kind in _FILES:
        yield _file(kind, part[kind], uploads)


def _file(kind: str, part: Part, uploads: Uploads) -> ShownFile:
    upload = uploads.get(part.get("id", ""))
    name, caption = part.get("filename", ""), part.get("caption", "")
    if upload is None:
        return ShownFile(name=name, content_type=f"{kind}/*", url=part.get("link"), caption=caption)
    return ShownFile(
        name=name or upload.name,
        content_type=upload.content_type,
        body=upload.body,
        caption=caption,
    )


def _place(part: Part) -> str:
    words = (part.get("name"), part.get("address"), f"geo:{part['latitude']},{part['longitude']}")
    return "\n".join(filter(None, words))
