"""Composition of the worker pools: the table of roles, and the wiring of adapters into activities."""
