"""Clients that take what they can of ingress, and the honest webhooks beside them."""
