"""What a service leaves out when it imports the libraries it stands on.

structlog takes rich, and with it pygments and attrs, for colours that no service shows: 8 MB and a
fifth of a second in every process.
"""

from __future__ import annotations

import sys
from importlib import import_module

_COLOURS = "rich"


def leave_out_colours() -> None:
    """Import structlog as if rich were not installed; call it before anything else imports it.

    Whoever imports rich later gets it.
    """
    if "structlog" in sys.modules or _COLOURS in sys.modules:
        return
    sys.modules[_COLOURS] = None  # type: ignore[assignment]  # an import of it fails
    try:
        import_module("structlog")
    finally:
        del sys.modules[_COLOURS]
