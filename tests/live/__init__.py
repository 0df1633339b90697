"""Server processes: killed, stopped, raced, and started as a new user would."""
