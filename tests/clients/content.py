"""What clients talk to; published in the project's own process."""

from streams.models import ApiKey, Script, Stream
from tests.clients.scripts import SCRIPTS


def publish_all() -> None:
    """Publish each of SCRIPTS under its name."""
    for slug, (body, settings) in SCRIPTS.items():
        settings = dict(settings)
        rendering = settings.pop("rendering", "literal")
        script = Script(slug=slug, title=slug, body=body, rendering=rendering)
        script.save()
        values = {"published": True, "delay_ms": 0} | settings
        Stream.objects.create(slug=slug, title=slug, script=script, **values)


def issue_key(*slugs: str) -> str:
    """Return a new key's secret; it opens the streams named, or all for keys."""
    _, secret = ApiKey.issue("tests", *Stream.objects.filter(slug__in=slugs))
    return secret


def revoke_keys() -> None:
    for key in ApiKey.objects.all():
        key.revoke()
