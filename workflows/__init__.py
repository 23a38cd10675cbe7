"""The stories: one line per step, and one page (options.py) with every queue, time-out and retry."""
