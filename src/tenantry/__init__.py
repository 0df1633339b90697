"""Tenantry: a self-hosted account backend that speaks the Fastly Account API."""

__version__ = "0.1.0"
