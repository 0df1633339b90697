"""The official CLI and Python client against a live server, as tables of cases."""
