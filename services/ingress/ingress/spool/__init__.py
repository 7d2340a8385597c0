"""Webhooks on disk while the bus takes nothing, for providers that don't retry."""
