"""The sources that a configuration needs, in the order in which they are asked."""

from __future__ import annotations

from herald.config.file import HeraldFile
from router.clearances.consent import ConsentClearance
from router.clearances.quiet_hours import QuietHoursClearance
from router.clearances.service_windows import ServiceWindows
from router.clearances.source import ClearanceSource


def clearance_sources(configuration: HeraldFile) -> tuple[ClearanceSource, ...]:
    """Return what is asked before a step; who may not be written to is asked first."""
    sources: list[ClearanceSource] = [ConsentClearance(configuration.consent)]
    windows = ServiceWindows(configuration)
    if windows.is_needed:
        sources.append(windows)
    if configuration.has_quiet_hours:
        sources.append(QuietHoursClearance(configuration))
    return tuple(sources)
