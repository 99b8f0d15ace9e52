"""A run: a plan that is played to one client, on either lane, and ends well."""
