"""Credentials: tokens that others sign, keys that we give out, and what each says of its bearer."""
