"""Whom TLS trusts."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache


def verifying() -> ssl.SSLContext:
    """Trust the system's authorities, or those of `SSL_CERT_FILE`, as the variable is now."""
    return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Read the authorities: this takes long, and so is done once for all accounts."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
