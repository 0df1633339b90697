"""Where a customer's bills go and are taxed, and the number he is taxed under."""
