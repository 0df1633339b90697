"""Why somebody may or may not: now or at any past moment, who else may, and what changed that."""
