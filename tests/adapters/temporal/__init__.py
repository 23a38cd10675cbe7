"""Around every step, on a real Temporal server."""
