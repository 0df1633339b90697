"""Customers: the tenants, their settings and contacts."""
