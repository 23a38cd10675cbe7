"""Speech models: local Whisper by default, OpenAI's when settings choose it."""
