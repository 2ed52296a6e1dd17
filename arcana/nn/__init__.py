"""Modules that a user puts in a network."""
