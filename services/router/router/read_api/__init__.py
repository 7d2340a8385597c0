"""The read API: messages, searches and dead letters, for those with a token."""
