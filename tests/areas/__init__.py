"""The areas, through the front door."""
