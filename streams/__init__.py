"""Scripted streams: canned replies, streamed as if a language model were typing."""

__version__ = "0.1.0.dev0"
