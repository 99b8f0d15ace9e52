"""The pure core: text in, timed steps out. No Django, no I/O; only playback waits."""
