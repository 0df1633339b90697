"""The console, through the front door, with cookies."""
