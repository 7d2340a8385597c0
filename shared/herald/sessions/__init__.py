"""Providers' sessions: access tokens that all workers share, sealed in PostgreSQL."""
