"""The sources that a configuration needs, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from herald.config.file import HeraldFile
from router.clearances.consent import ConsentClearance
from router.clearances.delays import LearnedDelays
from router.clearances.quiet_hours import QuietHoursClearance
from router.clearances.quotas import QuotaClearance
from router.clearances.service_windows import ServiceWindows
from router.clearances.source import ClearanceSource
from router.clearances.windows import Windows
from router.core.delays import Learned, Way


def clearance_sources(
    configuration: HeraldFile,
    windows: Windows,
    learned: Callable[[], Mapping[Way, Learned]] = dict,
) -> tuple[ClearanceSource, ...]:
    """Return what is asked before a step; who may not be written to is asked first.

    Room in its queue is asked for when nothing else stands in its way, and quotas last, for they
    are charged. `learned`: how long deliveries take.
    """
    sources: list[ClearanceSource] = [ConsentClearance(configuration.consent)]
    service_windows, quotas = ServiceWindows(configuration), QuotaClearance(configuration)
    if service_windows.is_needed:
        sources.append(service_windows)
    if configuration.has_quiet_hours:
        sources.append(QuietHoursClearance(configuration))
    sources += [LearnedDelays(configuration, learned), windows]
    if quotas.is_needed:
        sources.append(quotas)
    return tuple(sources)
