"""Chat models: local and extractive by default, Anthropic's or OpenAI's when settings choose them."""
