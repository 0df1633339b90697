"""HTTP: the operation table, its pipeline, the dialects and the servers. No area, no SQL."""
