"""Real ffmpeg, real files, real sockets."""
