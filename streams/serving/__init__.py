"""From a request to its answer: who asks, for what, and what is told of it."""
