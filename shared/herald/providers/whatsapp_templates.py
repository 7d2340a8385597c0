"""WhatsApp messages by template. Pure. Source: Meta, "Template messages", "Template components"."""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts.content import Template, TemplateButton, TemplateHeader
from herald.providers.whatsapp_parts import Part, Uploaded, write_file, write_location

# the parameter that a button takes: its type, and the field that has the value
_BUTTON_PARAMETERS = {
    "quick_reply": ("payload", "payload"),
    "url": ("text", "text"),
    "copy_code": ("coupon_code", "coupon_code"),
}


def write_template(template: Template, uploads: Uploaded) -> Part:
    """Name a template, with what its parts need."""
    language = template.language.replace("-", "_")  # Meta's codes are en_US, not en-US
    part: Part = {"name": template.name, "language": {"code": language}}
    components: list[Part] = []
    if template.header is not None:
        components.append({"type": "header", "parameters": _header(template.header, uploads)})
    if template.variables:
        components.append({"type": "body", "parameters": _texts(template.variables)})
    components += map(_button, template.buttons or ())
    return {**part, "components": components} if components else part


def _header(header: TemplateHeader, uploads: Uploaded) -> list[Part]:
    if header.media is not None:
        kind = header.media.kind
        return [{"type": kind, kind: write_file(header.media, uploads)}]
    if header.location is not None:
        return [{"type": "location", "location": write_location(header.location)}]
    return _texts(header.variables)


def _texts(variables: Mapping[str, str]) -> list[Part]:
    """Fill in variables: numbered ones by position, all others by name."""
    if all(name.isdecimal() for name in variables):
        numbered = sorted(variables.items(), key=lambda item: int(item[0]))
        return [{"type": "text", "text": value} for _, value in numbered]
    return [
        {"type": "text", "parameter_name": name, "text": value} for name, value in variables.items()
    ]


def _button(button: TemplateButton) -> Part:
    kind, field = _BUTTON_PARAMETERS[button.kind]
    return {
        "type": "button",
        "sub_type": button.kind,
        "index": str(button.index),
        "parameters": [{"type": kind, field: button.value}],
    }
