"""Which way each call leaves by, and how the ways are."""
