"""The endpoint that reads golden mails."""

from __future__ import annotations

from herald.providers.smtp.webhooks import SmtpEndpoint

ENDPOINT = SmtpEndpoint(account="smtp-main", tokens=(b"token",), bounce_keys=(b"bounce-key",))
