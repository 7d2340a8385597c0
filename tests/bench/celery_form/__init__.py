"""The steps of Herald's first hop, written the usual way in Celery: the peer of `make bench`."""
