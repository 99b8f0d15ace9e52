"""Streams with rules that count. Runs in the project's own process."""

from django.db.models import Count

from streams.models import Fault, Rule, RuleScript, Run, Script, Stream


def publish() -> None:
    """Publish `flaky`, which fails twice, and `taking-turns` with three scripts."""
    scripts = {
        slug: Script.objects.get_or_create(slug=slug, defaults={"title": slug})[0]
        for slug in ("answer", "one", "two", "three")
    }
    for slug, script in scripts.items():
        script.body = slug
        script.save()
    Stream.objects.filter(slug__in=("flaky", "taking-turns")).delete()
    common = {"script": scripts["answer"], "published": True, "delay_ms": 0}
    flaky = Stream.objects.create(slug="flaky", title="Flaky", **common)
    fault = Fault.objects.create(
        stream=flaky, title="down", kind="status", status=503, retry_after_s=1
    )
    Rule.objects.create(
        stream=flaky, title="Fail twice", order=1, calls="1-2", fault=fault
    )
    turns = Stream.objects.create(slug="taking-turns", title="Turns", **common)
    rule = Rule.objects.create(
        stream=turns, title="Three", order=1, then=Rule.Then.START_OVER
    )
    for order, slug in enumerate(("one", "two", "three"), 1):
        RuleScript.objects.create(rule=rule, order=order, script=scripts[slug])


def withdraw() -> None:
    """Others count what is there."""
    Stream.objects.filter(slug__in=("flaky", "taking-turns")).delete()
    Script.objects.filter(slug__in=("answer", "one", "two", "three")).delete()


def journaled(slug: str) -> tuple[int, dict[tuple[str, str], int]]:
    """Return how many workers played a stream, and the rules and outcomes of its runs."""
    runs = Run.objects.filter(stream=slug)
    counted = runs.values_list("rule", "outcome").annotate(runs=Count("pk"))
    workers = runs.values("worker").distinct().count()
    return workers, {(rule, outcome): count for rule, outcome, count in counted}
