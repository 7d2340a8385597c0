"""What a recipient chose: a button, a row of a list, a form. Meta: "Messages webhook reference"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.contracts.inbound import InboundChoice, InboundContent
from herald.contracts.vocabulary import ChoiceKind, InboundKind
from herald.providers.lenient_json import part, text

Message = Mapping[str, Any]

# by the object that holds what was chosen; a form and any other type are read apart
CHOICES: dict[str, ChoiceKind] = {
    "button_reply": ChoiceKind.BUTTON,
    "list_reply": ChoiceKind.LIST,
}


def read_quick_reply(message: Message) -> InboundContent:
    """Read the button of a template."""
    button = part(message, "button")
    words, payload = text(button, "text"), text(button, "payload")
    return InboundContent(
        content=InboundKind.BUTTON,
        text=words,
        payload=payload,
        choice=InboundChoice(kind=ChoiceKind.QUICK_REPLY, id=payload, title=words),
    )


def read_choice(message: Message) -> InboundContent:
    """Read the answer to a message with something to tap."""
    interactive = part(message, "interactive")
    form = part(interactive, "nfm_reply")
    if form:
        words = text(form, "body")
        return InboundContent(
            content=InboundKind.INTERACTIVE,
            text=words,
            payload=text(form, "response_json"),
            choice=InboundChoice(kind=ChoiceKind.FORM, id=text(form, "name"), title=words),
        )
    name = next((name for name in CHOICES if part(interactive, name)), "")
    chosen = part(interactive, name)
    words, payload = text(chosen, "title"), text(chosen, "id")
    choice = InboundChoice(
        kind=CHOICES.get(name, ChoiceKind.OTHER),
        id=payload,
        title=words,
        description=text(chosen, "description"),
    )
    return InboundContent(
        content=InboundKind.INTERACTIVE, text=words, payload=payload, choice=choice
    )
