"""Temporal: the client, and what every worker does around every activity."""
