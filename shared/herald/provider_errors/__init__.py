"""What providers' error codes mean, where both their answers and their webhooks carry them."""
