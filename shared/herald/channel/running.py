"""Running a channel as a process."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channel.service import Channel, ProviderFactory
from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.service.logs import configure_logs
from herald.service.serving import serve
from herald.service.settings import read_settings_or_exit


def run_channel(
    channel: str, providers: Mapping[str, ProviderFactory], *, operations_port: int
) -> None:
    """Read settings, configuration and secrets, then serve until told to stop."""
    settings = read_settings_or_exit(operations_port=operations_port)
    configure_logs(f"channel-{channel}", settings.log_format)
    configuration = load_or_exit(settings.config_path)
    try:
        secrets = configuration.secrets_for(list(configuration.accounts_of(channel)))
        built = Channel(channel, providers, settings, configuration, secrets)
    except ConfigurationError as error:
        exit_with(error)
    serve(built.application(), settings)
