"""Tests of `adapters/embedded`, against the real servers."""
