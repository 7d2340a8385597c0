"""Who a service is to the broker: its user, and the files that its URL names."""

from __future__ import annotations

from pathlib import Path

from herald.config.broker_users import Users, own_user
from herald.config.file import SecretRules
from herald.config.loading import ConfigurationError
from herald.service.secret_files import SecretFileError, read_secret_file
from herald.service.server_urls import broker_files, broker_user
from herald.service.settings import Settings


def broker_identity(
    service: str, named: Users, settings: Settings, secrets: SecretRules
) -> str | None:
    """Check who a service is to the broker; return the user it names in what it publishes.

    `named`: its users in `[services]`, under `service`; where there are none it names nobody.

    Raises:
        ConfigurationError: it connects as none of them, or a file of its URL can't be used.
    """
    problems = broker_file_problems(settings.amqp_url, allow_open=secrets.allow_open_files)
    if problems:
        raise ConfigurationError(Path("HERALD_AMQP_URL"), problems)
    try:
        return own_user(broker_user(settings.amqp_url), named)
    except ValueError as error:
        raise ConfigurationError(settings.config_path, [f"services.{service}: {error}"]) from None


def broker_file_problems(amqp_url: str, *, allow_open: bool = False) -> list[str]:
    """Say what is wrong with the files that a broker's URL names."""
    problems: list[str] = []
    for name, file in broker_files(amqp_url).items():
        try:  # certificates are no secrets
            read_secret_file(Path(file), allow_open=allow_open or name != "keyfile")
        except SecretFileError as error:
            problems.append(f"{name}: {error}")
    return problems
