"""Composition of all that starts or talks to workflows."""
