"""A format with a bug."""

from streams.formats.plain import PlainFormat


class BrokenFormat(PlainFormat):
    """Fails at the step that brings a stream to position 5."""

    name = "broken"

    def step(self, step, context):
        if step.position == 5:
            raise RuntimeError("broken on purpose")
        return super().step(step, context)
