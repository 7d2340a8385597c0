"""What clients may take of a service's HTTP listeners: bytes, time and connections."""
