"""A format with a bug."""

from streams.formats.plain import PlainFormat, PlainWriter


class BrokenWriter(PlainWriter):
    def step(self, step):
        if step.position == 5:
            raise RuntimeError("broken on purpose")
        return super().step(step)


class BrokenFormat(PlainFormat):
    """Fails at the step that brings a stream to position 5."""

    name = "broken"

    def writer(self, context):
        return BrokenWriter(context)
