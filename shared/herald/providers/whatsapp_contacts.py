"""Entries of an address book, as WhatsApp takes them. Pure. Source: Meta, "Contacts messages"."""

from __future__ import annotations

from herald.contracts.content.rich import Contact
from herald.providers.whatsapp_parts import Part


def write_contact(contact: Contact) -> Part:
    """Write an entry of an address book: its name needs another part beside the whole one."""
    name = {
        "formatted_name": contact.name,
        "first_name": contact.first_name or contact.name,
        **({"last_name": contact.last_name} if contact.last_name else {}),
    }
    part: Part = {"name": name}
    if contact.organisation:
        part["org"] = {"company": contact.organisation}
    if contact.phones:
        part["phones"] = [
            _without_none({"phone": it.number, "type": it.kind, "wa_id": it.whatsapp})
            for it in contact.phones
        ]
    if contact.emails:
        part["emails"] = [{"email": address} for address in contact.emails]
    return part


def _without_none(part: Part) -> Part:
    return {name: value for name, value in part.items() if value is not None}
