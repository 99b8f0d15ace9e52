"""A server of scripts without a project of one's own: `python -m streams serve`."""
