"""The log as its readers see it."""
