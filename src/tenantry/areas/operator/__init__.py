"""The installation's own: keys of its operator."""
