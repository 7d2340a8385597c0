"""`python -m ingress`: run ingress."""

from __future__ import annotations

from herald.config.loading import ConfigurationError, exit_with, load_or_exit
from herald.logs import configure_logs
from herald.serving import serve
from herald.settings import SettingsError, exit_with_problems, read_settings_or_exit
from ingress.app import DEFAULT_PORT, build_app


def main() -> None:
    """Read settings, configuration and secrets, then serve until told to stop."""
    settings = read_settings_or_exit(default_port=DEFAULT_PORT, database=False)
    configure_logs("ingress", settings.log_format)
    try:
        application = build_app(settings, load_or_exit(settings.config_path))
    except ConfigurationError as error:
        exit_with(error)
    except SettingsError as error:
        exit_with_problems(error)
    serve(application, settings)


if __name__ == "__main__":
    main()
