"""The core, alone."""
