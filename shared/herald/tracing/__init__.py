"""Spans of what happens to a message, for OpenTelemetry; nothing of it is imported while off."""
