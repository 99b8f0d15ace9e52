"""What tests publish; called in the project's own process."""

from streams.models import Script, Stream


def publish(slug: str, body: str, **settings: object) -> None:
    """Make a script and a stream of the same slug."""
    script = Script(slug=slug, title=slug, body=body)
    script.save()
    settings = {"published": True} | settings
    Stream.objects.create(slug=slug, title=slug, script=script, **settings)


def edit(slug: str, body: str) -> None:
    """Save a script as the admin does."""
    script = Script.objects.get(slug=slug)
    script.body = body
    script.save()


def withdraw(slug: str) -> None:
    """Delete a stream and its script."""
    Stream.objects.get(slug=slug).delete()
    Script.objects.get(slug=slug).delete()


def overwrite(slug: str, body: str) -> None:
    """Update a script in bulk: no `save()`, no signals, no revision."""
    assert Script.objects.filter(slug=slug).update(body=body) == 1
