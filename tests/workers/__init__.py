"""The pools and the relay."""
