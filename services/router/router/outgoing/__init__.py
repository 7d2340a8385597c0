"""What the router publishes: work for channels, events and answers for users. Pure."""
