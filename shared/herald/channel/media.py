"""The fetching of files for a channel's calls, as `[media]` configures it."""

from __future__ import annotations

from herald.channel import metrics
from herald.config.loading import Configuration
from herald.egress.tunnels import Direct, make_tunnel
from herald.files.fetching import Fetcher
from herald.http.ways import Way


def make_fetcher(channel: str, configuration: Configuration) -> Fetcher:
    """Make what fetches a worker's files; it is to be started before its providers.

    Raises:
        ConfigurationError: the secrets of an egress member that it goes by can't be read.
    """
    fetcher = Fetcher(
        channel,
        configuration.file.media,
        _ways(configuration),
        lambda result: metrics.FILES.labels(channel, result).inc(),
    )
    metrics.FILES_HELD.labels(channel).set_function(lambda: fetcher.memory.held)
    return fetcher


def _ways(configuration: Configuration) -> list[Way]:
    """Return the ways of the members that files are fetched by; none: as the machine does."""
    pool = configuration.file.media.pool(configuration.file.egress)
    if pool is None:
        return []
    credentials = configuration.proxy_credentials_for(pool.members)
    members = configuration.file.egress.members
    return [
        make_tunnel(members[name], found) or Direct(None) for name, found in credentials.items()
    ]
