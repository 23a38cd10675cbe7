"""What one step does, in words: classes of methods over ports. No vendor, no SQL."""
