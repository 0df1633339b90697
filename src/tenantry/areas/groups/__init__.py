"""Groups: service groups collect services; user groups give people roles on them."""
