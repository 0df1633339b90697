"""Tokens: keys of users, of programs, and sudo."""
