"""One room per noun: what it is (`model.py`) and how it is reached (`api.py`)."""
