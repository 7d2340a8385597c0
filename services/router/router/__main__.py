"""`python -m router`: run the router."""

from __future__ import annotations

from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.service.logs import configure_logs
from herald.service.serving import serve
from herald.service.settings import read_settings_or_exit
from router.app import OPERATIONS_PORT, build_app


def main() -> None:
    """Read settings and configuration, then serve until a signal."""
    settings = read_settings_or_exit(operations_port=OPERATIONS_PORT)
    configure_logs("router", settings.log_format)
    configuration = load_or_exit(settings.config_path)
    try:
        application = build_app(settings, configuration)
    except ConfigurationError as error:
        exit_with(error)
    serve(application, settings)


if __name__ == "__main__":
    main()
