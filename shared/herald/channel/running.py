"""Running a channel as a process."""

from __future__ import annotations

from herald.channel.definitions import ChannelDefinition
from herald.channel.service import Channel
from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.service.logs import configure_logs
from herald.service.serving import serve
from herald.service.settings import read_settings_or_exit


def run_channel(definition: ChannelDefinition) -> None:
    """Read settings, configuration and secrets, then serve until asked to stop."""
    settings = read_settings_or_exit(operations_port=definition.operations_port)
    configure_logs(f"channel-{definition.name}", settings.log_format)
    configuration = load_or_exit(settings.config_path)
    try:
        credentials = configuration.credentials_for(configuration.accounts_of(definition.name))
        channel = Channel(definition, settings, configuration, credentials)
    except ConfigurationError as error:
        exit_with(error)
    serve(channel.application(), settings)
