"""Ingress: providers' webhooks in, universal receipts out."""
