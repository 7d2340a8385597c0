"""What the WhatsApp Cloud API checks in a message by template. Meta: "Template messages"."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from sandbox.providers.whatsapp_cloud_parts import Invalid, Part, check_file, check_location

MISSING = "missing_template"  # a name that no sandbox has
# what a button's parameter is, and the field of its value
BUTTONS = {"quick_reply": "payload", "url": "text", "copy_code": "coupon_code"}
MAX_BUTTONS = 10
_FILES = frozenset({"image", "video", "document"})


def check_template(part: Part, files: Container[str]) -> None:
    """Take a template of any name, with what its parts need."""
    language = part.get("language")
    if not part.get("name") or not isinstance(language, dict) or not language.get("code"):
        raise Invalid(131008, "A template needs a name and a language code")
    if part["name"] == MISSING:
        raise Invalid(132001, "template name does not exist in the translation")
    components = part.get("components", [])
    if not isinstance(components, list):
        raise Invalid(100, "Param template['components'] must be an array")
    for component in components:
        _check_component(component, files)


def _check_component(component: Any, files: Container[str]) -> None:
    kind = component.get("type") if isinstance(component, dict) else None
    if kind not in {"header", "body", "button"}:
        raise Invalid(100, "Param template['components'][0]['type'] is not valid")
    parameters = component.get("parameters")
    if not isinstance(parameters, list) or not all(isinstance(it, dict) for it in parameters):
        raise Invalid(132012, "Parameter format does not match format in the created template")
    if kind == "button":
        _check_button(component, parameters)
    for parameter in parameters if kind != "button" else ():
        _check_parameter(parameter, files, in_header=kind == "header")


def _check_button(component: Part, parameters: list[Part]) -> None:
    kind, index = component.get("sub_type"), str(component.get("index", ""))
    if kind not in BUTTONS or not (index.isdecimal() and int(index) < MAX_BUTTONS):
        raise Invalid(131009, "Button sub_type or index is not valid")
    if [parameter.get("type") for parameter in parameters] != [BUTTONS[kind]]:
        raise Invalid(132018, f"Button of type {kind} needs a parameter {BUTTONS[kind]}")
    if not parameters[0].get(BUTTONS[kind]):
        raise Invalid(131008, f"Parameter '{BUTTONS[kind]}' is missing")


def _check_parameter(parameter: Part, files: Container[str], *, in_header: bool) -> None:
    kind = parameter.get("type")
    if kind == "text":
        if not isinstance(parameter.get("text"), str) or not parameter["text"]:
            raise Invalid(131008, "Parameter of type text is missing text value")
        return
    content = parameter.get(str(kind))
    if not in_header or not isinstance(content, dict):
        raise Invalid(132012, "Parameter format does not match format in the created template")
    if kind in _FILES:
        check_file(str(kind), content, files)
    elif kind == "location":
        check_location(content)
    else:
        raise Invalid(132012, "Parameter format does not match format in the created template")
