"""Who may do what, decided in one pure place."""
