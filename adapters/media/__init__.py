"""Hostile media: probed, decoded and fetched in processes and connections with limits."""
