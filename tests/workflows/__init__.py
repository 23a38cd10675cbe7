"""The stories, told on a real Temporal server with steps of the tests own."""
