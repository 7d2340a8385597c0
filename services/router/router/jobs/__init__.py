"""What the router does by the clock, beside its deliveries."""
