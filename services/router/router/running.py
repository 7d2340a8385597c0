"""Running the router as a process."""

from __future__ import annotations

from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.service.serving import serve
from herald.service.starting import settings_or_exit
from router.app import OPERATIONS_PORT, build_app


def serve_router() -> None:
    """Read settings and configuration, then serve until a signal."""
    settings = settings_or_exit("router", operations_port=OPERATIONS_PORT)
    configuration = load_or_exit(settings.config_path)
    try:
        application = build_app(settings, configuration)
    except ConfigurationError as error:
        exit_with(error)
    serve(application, settings)
