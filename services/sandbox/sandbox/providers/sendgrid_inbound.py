"""SendGrid's Inbound Parse: a mail of a recipient's, parsed, as a form.

Source: SendGrid, "Setting up the Inbound Parse webhook".
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.webhooks import Webhook

FINAL = frozenset({*range(200, 300), *range(300, 500)})  # a 3xx or 4xx loses the mail
OUR_ADDRESS = "in@parse.example.com"


def inbound_webhook(
    url: str, token: str, sender: str, text: str, fields: Mapping[str, Any]
) -> Webhook:
    """Make the request; `fields` replace and add, `headers` add to the mail's."""
    given = {name: str(value) for name, value in fields.items()}
    head = f"From: {sender}\nTo: {OUR_ADDRESS}\nSubject: Re: your message\n"
    head += f"Message-ID: <{uuid.uuid4().hex}@mail.example.org>\n"
    form = {
        "to": OUR_ADDRESS,
        "from": sender,
        "subject": "Re: your message",
        "text": text,
        "envelope": json.dumps({"to": [OUR_ADDRESS], "from": sender}),
        "charsets": json.dumps({"to": "UTF-8", "from": "UTF-8", "text": "UTF-8"}),
        "attachments": "0",
        "SPF": "pass",
        **given,
        "headers": head + given.get("headers", ""),
    }
    boundary = secrets.token_hex(12)
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    login = base64.b64encode(f"herald:{token}".encode()).decode()
    return Webhook(
        url=url,
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Authorization": f"Basic {login}",
        },
        body=f"{body}--{boundary}--\r\n".encode(),
        retries=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0),  # seconds; the real ones go on for 72 hours
        final_statuses=FINAL,
    )
