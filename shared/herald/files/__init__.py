"""Files from addresses that users name, fetched without reaching what only we may reach."""
