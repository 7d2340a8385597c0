"""A collector of spans for tests and documents, and a trace as a tree of text."""
