"""Tests of `adapters/chat`."""
