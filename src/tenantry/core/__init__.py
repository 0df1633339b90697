"""What everything stands on: clock, ids, secrets, database, audit. Knows no HTTP and no area."""
