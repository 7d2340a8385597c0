"""Reads commands: bytes to values, or a refusal. Pure: only handlers import it."""
