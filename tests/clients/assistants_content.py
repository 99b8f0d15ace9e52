"""What happens to runs behind the API's back; in the project's own process."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from streams.models import Kept, Script, Stream, kept


def delete_stream(slug: str, *, with_script: bool = False) -> None:
    stream = Stream.objects.get(slug=slug)
    script = stream.script
    stream.delete()
    if with_script:
        script.delete()


def change(key: str, **values: object) -> None:
    """Change fields of an object's JSON."""
    row = Kept.objects.get(key=key)
    row.data |= values
    row.save()


def below(key: str) -> list[str]:
    """Return the kinds of what is kept in an object, at any depth."""
    found = []
    for row in Kept.objects.filter(parent__key=key):
        found += [row.kind, *below(row.key)]
    return found


def age(days: int, *keys: str) -> None:
    """Let objects, and what is in them, not have been used for so long."""
    found = Kept.objects.filter(Q(key__in=keys) | Q(parent__key__in=keys))
    found.update(updated=timezone.now() - timedelta(days=days))


def prune() -> None:
    kept._pruned = -kept.PRUNED_EVERY
    Kept.objects.prune()


def withdraw(slugs: list[str]) -> None:
    """Delete streams with their scripts."""
    Stream.objects.filter(slug__in=slugs).delete()
    Script.objects.filter(slug__in=slugs).delete()
