"""Running ingress as a process."""

from __future__ import annotations

import sys

from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.service.serving import serve
from herald.service.settings import SettingsError
from herald.service.starting import exit_not_started, settings_or_exit
from ingress.app import OPERATIONS_PORT, PUBLIC_PORT, build_apps

SWITCH_SECONDS = 0.001  # the thread that reads a large body gives way sooner than Python's 5 ms


def serve_ingress() -> None:
    """Read settings, configuration and secrets, then serve until stopped."""
    settings = settings_or_exit(
        "ingress", operations_port=OPERATIONS_PORT, public_port=PUBLIC_PORT, database=False
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        applications = build_apps(settings, load_or_exit(settings.config_path))
    except ConfigurationError as error:
        exit_with(error)
    except SettingsError as error:
        exit_not_started(error.problems)
    serve(applications.operations, settings, public=applications.public)
