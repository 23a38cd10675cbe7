"""The tests mirror the folder they test."""
