"""The log as evidence: its signed head, its export, what is kept of it and what is erased."""
