"""The kit the channel workers share: everything but the providers themselves."""
