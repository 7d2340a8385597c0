"""One SMTP session that also takes access tokens, as Gmail's and Microsoft 365's do.

Source: Google, "OAuth 2.0 Mechanism"; Microsoft, "Authenticate an IMAP, POP or SMTP connection
using OAuth"; RFC 4954 for the challenge after a command without an initial response.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from pydantic_core import to_json

from sandbox.access_tokens import AccessTokens

# what Gmail says in its challenge to a token that it does not take
_WHY = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}
_AUTH_LINE_BYTES = 12_288  # RFC 4954, section 4


class TokenSession(SMTP):
    """Advertises XOAUTH2 beside what the server takes otherwise."""

    line_length_limit = _AUTH_LINE_BYTES

    def __init__(self, tokens: AccessTokens, *arguments: Any, **options: Any) -> None:
        self._tokens = tokens
        super().__init__(*arguments, **options)

    async def auth_XOAUTH2(self, _server: SMTP, arguments: list[str]) -> AuthResult:  # noqa: N802  aiosmtpd's own name
        """Read user and token from the command, or from the response to an empty challenge."""
        if len(arguments) == 1:
            response = await self.challenge_auth("")
            if not isinstance(response, bytes):
                return AuthResult(success=False)
        else:
            try:
                response = base64.b64decode(arguments[1], validate=True)
            except binascii.Error:
                await self.push("501 5.5.4 Cannot decode initial response")
                return AuthResult(success=False, handled=True)
        user = self._user_of(response)
        if user is None:
            await self.challenge_auth(to_json(_WHY))  # the client responds with an empty line
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, handled=False, auth_data=user)

    def _user_of(self, response: bytes) -> str | None:
        """Return the user whose token it is; None: it is not theirs, or not valid."""
        parts = response.split(b"\x01")
        if len(parts) != 4 or parts[2:] != [b"", b""]:  # noqa: PLR2004
            return None
        user, bearer = parts[0].removeprefix(b"user="), parts[1].removeprefix(b"auth=Bearer ")
        claims = self._tokens.read(bearer.decode("ascii", "replace"))
        if claims is None or claims.kind != "access" or claims.user.encode() != user:
            return None
        return claims.user
