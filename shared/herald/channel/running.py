"""Running a channel as a process."""

from __future__ import annotations

from herald.channel.definitions import ChannelDefinition
from herald.channel.service import Channel
from herald.config.loading import Configuration, ConfigurationError, exit_with, load_or_exit
from herald.config.session_keys import session_keys
from herald.service.serving import serve
from herald.service.starting import exit_not_started, settings_or_exit


def run_channel(definition: ChannelDefinition, *, only_if_served: bool = False) -> None:
    """Read settings, configuration and secrets, then serve until asked to stop.

    `only_if_served`: it is a mistake if no account serves the channel.
    """
    settings = settings_or_exit(
        f"channel-{definition.name}", operations_port=definition.operations_port
    )
    configuration = load_or_exit(settings.config_path)
    channels = configuration.file.channels
    if only_if_served and definition.name not in channels:
        exit_not_started([f"no account serves {definition.name}; channels: {', '.join(channels)}"])
    try:
        credentials = configuration.credentials_for(configuration.accounts_of(definition.name))
        keys = session_keys(configuration) if _has_sessions(definition, configuration) else None
        channel = Channel(definition, settings, configuration, credentials, session_keys=keys)
    except ConfigurationError as error:
        exit_with(error)
    serve(channel.application(), settings)


def _has_sessions(definition: ChannelDefinition, configuration: Configuration) -> bool:
    accounts = configuration.accounts_of(definition.name).values()
    return any(account.session is not None for account in accounts)
