"""Which tests go to which of several processes."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

STACK = "tests/e2e/"
FLEET = ("tests/chaos/test_nemesis.py", "tests/chaos/test_rolling_deployment.py")


class FilesAndSharers(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """A file's tests stay in one process, in their order.

    So do all tests of one stack, and all of one fleet of replicas, which take long to start.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        if scope.startswith(STACK):
            return STACK
        return FLEET[0] if scope in FLEET else scope
