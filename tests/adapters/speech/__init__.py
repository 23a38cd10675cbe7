"""Tests of `adapters/speech`."""
