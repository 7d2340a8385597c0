"""Which tests go to which of several processes."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/e2e/"


class FilesAndE2e(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """A file's tests stay in one process; all of `e2e` do, in their order: they share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return TOGETHER if scope.startswith(TOGETHER) else scope
