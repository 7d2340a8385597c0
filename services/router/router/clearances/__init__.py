"""What is found out about steps that are about to start: one source a question, for a batch."""
