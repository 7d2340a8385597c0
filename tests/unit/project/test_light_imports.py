"""Services start without what only some configurations need: it takes memory and time of each."""

from __future__ import annotations

import subprocess
import sys

STARTED = (
    "router.running",
    "ingress.running",
    "channel_sms.app",
    "channel_email.app",
    "channel_whatsapp.app",
)
# libraries that are imported once they are wanted
LATER = {
    "cryptography",  # an account signs, or somebody signs for it
    "jwt",  # a provider signs with tokens
    "anyascii",  # a text is transliterated
    "jinja2",  # herald.toml has templates
    "phonenumbers.timezone",  # there are quiet hours
    "rich",  # never: structlog would take it for colours that no service shows
    "pygments",
}
PROGRAM = f"""
import sys
from router.__main__ import leave_out_colours
leave_out_colours()
import {", ".join(STARTED)}
print(*sorted({LATER!r} & set(sys.modules)))
"""


def test_a_library_is_imported_once_it_is_wanted() -> None:
    """The import of the services brings none of these."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
