"""Tests of `adapters/language_model`."""
