"""This server as an identity provider: signing in on the command line (contract: identity §9)."""
