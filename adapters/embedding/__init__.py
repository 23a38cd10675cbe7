"""Embedding models: local MiniLM by default, OpenAI's when settings choose it."""
