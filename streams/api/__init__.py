"""The vendors' endpoints: a program made for their API finds its streams here."""
