"""Roles and the permissions that they confer."""
