"""Histories of real runs, replayed against the stories of this version."""
