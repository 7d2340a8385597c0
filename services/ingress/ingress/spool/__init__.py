"""Webhooks on disk while the bus takes nothing, for providers that would not tell them again."""
