"""Invitations: people are asked by mail to join a customer, and become users by accepting."""
