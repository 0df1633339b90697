"""Who may do what: the decision, why, when, and what if."""
