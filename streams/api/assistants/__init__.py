"""OpenAI's Assistants API, version 2: assistants, threads, messages and runs.

What it keeps are rows of `Kept` whose data is the API's own JSON. Nothing works behind
a run's back: it is kept before its first byte, with all that decides its text and its
end, and whoever reads its thread later settles it by the clock (`settling`). So any
worker knows what became of any run, also of one whose client left.
"""
