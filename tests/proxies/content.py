"""What is published behind the proxy; called in the project's own process."""

from streams.models import Script, Stream


def edit_all(slug: str, body: str, **settings: object) -> None:
    """Save another script and another timing, as the admin does."""
    script = Script.objects.get(slug=slug)
    script.body = body
    script.save()
    stream = Stream.objects.get(slug=slug)
    for name, value in settings.items():
        setattr(stream, name, value)
    stream.full_clean()
    stream.save()
