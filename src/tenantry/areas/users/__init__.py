"""Users: the people of a customer, and their passwords."""
