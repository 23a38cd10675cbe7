"""Tests of `starters/cli`, mostly of the program as a person runs it."""
