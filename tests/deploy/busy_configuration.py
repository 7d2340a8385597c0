"""What the configuration of a stack has beside its own, so that a busy run shows everything."""

from __future__ import annotations

from herald_local import services
from herald_local.ports import free_port
from herald_local.stack import Stack

_MORE = """
[router.fallback]
deliveries = 5             # so few are enough to learn from

[routes.learning]
steps = [{{channel = "sms", fallback_after = "auto"}}]

[tenants.default.quotas.all]
per = "1d"
messages = 1000000         # that it will not reach

[egress.members.gone]
kind = "http"              # nothing listens there
host = "127.0.0.1"
port = {closed}
"""


def configure(stack: Stack) -> None:
    """Add quotas, a fallback that learns and a proxy that is gone; start the services anew."""
    written = stack.config.read_text()
    changed = written.replace('members = ["sandbox"]', 'members = ["sandbox", "gone"]')
    assert changed != written, "the stack has a pool of one member"
    services.stop(stack)
    stack.config.write_text(changed + _MORE.format(closed=free_port()))
    services.start(stack, die_with_parent=True)
