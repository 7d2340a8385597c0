"""Ways out to providers: directly, or through a proxy with a fixed address."""
