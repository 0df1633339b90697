"""HTTP: the pipeline, the dialects, and what is read off the operation table."""
