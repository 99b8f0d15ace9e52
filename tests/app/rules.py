"""Rules for tests."""

from streams.models import Rule, RuleScript, Script


def make_script(slug, body=None):
    defaults = {"title": slug, "body": slug if body is None else body}
    return Script.objects.get_or_create(slug=slug, defaults=defaults)[0]


def make_rule(stream, title, *scripts, **conditions):
    """Add a rule at the end; scripts are named, and say their names."""
    order = conditions.pop("order", stream.rules.count() + 1)
    rule = Rule.objects.create(stream=stream, title=title, order=order, **conditions)
    for place, slug in enumerate(scripts, 1):
        RuleScript.objects.create(rule=rule, order=place, script=make_script(slug))
    return rule
