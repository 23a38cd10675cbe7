"""Tests of `adapters/embedding`."""
