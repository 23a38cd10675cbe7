"""Credentials, each held against those who would forge them."""
