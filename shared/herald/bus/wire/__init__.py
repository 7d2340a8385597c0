"""The frames that messages travel in, read and written without aiormq: see docs/wire.md."""
