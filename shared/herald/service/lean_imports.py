"""What a service leaves out of the libraries it stands on: it takes memory and time of each.

Libraries bring along what other uses of them need: colours, command lines, tools for tests. Whoever
asks for a part that was left out still gets it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec

# Optional to a library, which then does without it.
_NOT_INSTALLED = {
    "structlog": "rich",  # for colours that no service shows
    "starlette.requests": "python_multipart",  # no service has forms
}

# Modules that are executed once something of them is used, but for names that are found elsewhere.
_PUT_OFF: Mapping[str, Mapping[str, str]] = {
    # the rest of its `__init__` finds numbers in texts, and formats while somebody types
    "phonenumbers": {},  # what is used is in `phonenumbers.phonenumberutil`
    "email_validator": {},  # compiles large expressions, which the first mail address needs
    "html": {},  # starlette's page for debugging
    "logging.config": {},  # uvicorn could configure logging
    "unittest": {},  # faststream needs `unittest.mock`, and no more of it
    # the rest of its `__init__` is its command line, with click, and its reloading
    "uvicorn": {"Config": "uvicorn.config", "Server": "uvicorn.server"},
}


def leave_out() -> None:
    """Import a service's libraries without these parts; call it before anything else.

    From here on until it serves nobody looks for garbage: all but a little of what imports and
    configuration make stays, and looking through it is a tenth of a service's start.
    """
    gc.disable()
    for library, optional in _NOT_INSTALLED.items():
        _import_without(library, optional)
    for name, elsewhere in _PUT_OFF.items():
        _put_off(name, elsewhere)


def _import_without(library: str, optional: str) -> None:
    """Import a library as if another were not installed; whoever imports that later gets it."""
    if library in sys.modules or optional in sys.modules:
        return
    sys.modules[optional] = None  # type: ignore[assignment]  # an import of it fails
    try:
        import_module(library)
    finally:
        del sys.modules[optional]


def _put_off(name: str, elsewhere: Mapping[str, str]) -> None:
    """Have a module known that is not executed before a name is asked for that is its own."""
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    execute = spec.loader.exec_module
    module = module_from_spec(spec)

    def find(attribute: str) -> object:
        if attribute in elsewhere:
            return getattr(import_module(elsewhere[attribute]), attribute)
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        del module.__dict__["__getattr__"]
        execute(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = find
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
