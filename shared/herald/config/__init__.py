"""The one configuration file, `herald.toml`, validated whole."""
