"""HTTP/1.1 as a client that must know, of each failed call, whether it was sent."""
