"""Usage: how many tokens were asked, and are answered."""

from streams.core.cache import WeightedCache
from streams.core.directions import Channel
from streams.core.hurry import may_take_time
from streams.core.steps import Steps
from streams.formats.base import Usage
from streams.formats.call import Call
from streams.models.script import Content, Rendering
from streams.tokens import get_tokenizer

MOST_COUNTED_AT_ONCE = 2000
"""Code points whose tokens are counted in less than a millisecond."""

# The tokens of an answer and of its reasoning.
_counted: WeightedCache[tuple[int, int]] = WeightedCache(10_000, lambda counts: 1)


def count_usage(call: Call, content: Content, steps: Steps) -> Usage:
    """Count what was asked and what is said, the same for stream and whole answer."""
    tokenizer = get_tokenizer()

    def count() -> tuple[int, int]:
        reasoning = "".join(
            step.text for step in steps if step.channel == Channel.REASONING
        )
        return tokenizer.count(steps.spoken), tokenizer.count(reasoning)

    if content.rendering == Rendering.TEMPLATE:
        completion, reasoning = count()
    else:
        last = steps.cuts[-1] if steps.cuts else 0
        key = (tokenizer.name, content.content_digest(), steps.first, last)
        completion, reasoning = _counted.get(key, count)
    return Usage(prompt=prompt_tokens(call), completion=completion, reasoning=reasoning)


def prompt_tokens(call: Call) -> int:
    """Count what was asked."""
    asked = [m.content for m in call.messages] or [call.prompt]
    if call.system and all(m.role != "system" for m in call.messages):
        asked.append(call.system)
    if sum(map(len, asked)) > MOST_COUNTED_AT_ONCE:
        may_take_time()
    return sum(get_tokenizer().count(text) for text in asked if text)
