"""Services: as much of them as accounts and clients need."""
