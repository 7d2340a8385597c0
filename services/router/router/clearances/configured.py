"""The sources that a configuration needs, in the order in which they are asked."""

from __future__ import annotations

from herald.config.file import HeraldFile
from router.clearances.consent import ConsentClearance
from router.clearances.service_windows import ServiceWindows
from router.clearances.source import ClearanceSource


def clearance_sources(configuration: HeraldFile) -> tuple[ClearanceSource, ...]:
    """Return what is asked before a step; who may not be written to is asked first."""
    consent, windows = ConsentClearance(configuration.consent), ServiceWindows(configuration)
    return (consent, windows) if windows.is_needed else (consent,)
