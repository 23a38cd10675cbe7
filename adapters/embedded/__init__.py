"""The servers a laptop starts, and the supervisor that keeps them and the workers running."""
