"""The truth, on a real PostgreSQL."""
