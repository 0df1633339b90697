"""What customers used: the ledger of metered events, and its sums."""
