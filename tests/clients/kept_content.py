"""What happens to streams and kept objects meanwhile; in the project's own process."""

from datetime import timedelta

from django.utils import timezone

from streams.models import Kept, Script, Stream


def republish(slug: str, body: str, **settings: object) -> None:
    """Give a stream another text and other settings; make it if there is none."""
    script, _ = Script.objects.get_or_create(slug=slug, defaults={"title": slug})
    script.body = body
    script.save()
    values = {"title": slug, "script": script, "published": True, **settings}
    Stream.objects.update_or_create(slug=slug, defaults=values)


def count_kept() -> int:
    return Kept.objects.count()


def keep_and_prune(days: int) -> bool:
    """Tell whether an object of so many days is still there after pruning."""
    from streams.models import kept

    row = Kept.objects.create(key=f"age {days}", kind="test", workspace="")
    then = timezone.now() - timedelta(days=days)
    Kept.objects.filter(pk=row.pk).update(updated=then)
    kept._pruned = -kept.PRUNED_EVERY
    Kept.objects.prune()
    left = Kept.objects.filter(pk=row.pk)
    there = left.exists()
    left.delete()
    return there
