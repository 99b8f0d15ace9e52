"""Carrying an import out: all of it, or nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError, transaction

from streams.documents import PortingError
from streams.models import Fault, Rule, RuleScript, Script, Stream
from streams.models.rule import Rule as RuleModel
from streams.porting.documents import Kind
from streams.porting.report import Entry, Report

ORIGIN = "Imported from {file}"


def carry_out(
    report: Report,
    *,
    author: Any = None,
    reason: str = ORIGIN,
    written: Callable[[Entry], None] = lambda entry: None,
) -> None:
    """Write what a plan says; raise PortingError, with nothing written, if that fails.

    `author` and `reason` go into the revisions; `written` is called for each entry
    once it is, within the transaction.
    """
    report.written = True
    if not any(report.to_write()):
        return
    try:
        with transaction.atomic():
            for entry in report.to_write():
                if entry.kind == Kind.SCRIPT:
                    said = reason.format(file=entry.document.file)[:200]
                    entry.row = _write_script(entry, author, said)
                else:
                    entry.row = _write_stream(entry)
                written(entry)
    except DatabaseError as error:
        report.written = False
        raise PortingError(
            f"The database refused it, and nothing was written: {error}."
            " If somebody else was saving meanwhile, try again."
        ) from error


def remove_all_but(report: Report) -> None:
    """Delete the streams and scripts that no file is about."""
    kept: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for entry in report.entries:
        kept[entry.kind].add(entry.slug)
        if entry.mistakes:
            # A script's own stream plays on until the script can be read again.
            kept[Kind.STREAM].add(entry.slug)
        kept[Kind.SCRIPT] |= {slug for slug, _ in entry.document.references()}
    with transaction.atomic():
        for stream in Stream.objects.exclude(slug__in=kept[Kind.STREAM]):
            report.removed.append(stream.slug)
            stream.delete()
        unused = Script.objects.filter(streams=None, rule_parts=None).only("slug")
        for script in unused.exclude(slug__in=kept[Kind.SCRIPT]):
            report.removed.append(script.slug)
            script.delete()


def _write_script(entry: Entry, author: Any, reason: str) -> Script:
    script = Script() if entry.is_added else entry.row
    _set(script, {**entry.values, "slug": entry.becomes})
    script.save(author=author, reason=reason)
    return script


def _write_stream(entry: Entry) -> Stream:
    stream = Stream() if entry.is_added else entry.row
    values = dict(entry.values)
    faults, rules = values.pop("faults"), values.pop("rules")
    wanted = {values.pop("script"), *(s for rule in rules for s in rule["scripts"])}
    scripts = {s.slug: s for s in Script.objects.filter(slug__in=wanted).only("slug")}
    stream.script = scripts[entry.values["script"]]
    _set(stream, {**values, "slug": entry.becomes})
    stream.save()
    titles = {rule["title"] for rule in rules}
    # Rules keep their row, and so their counts; and hold on to their fault till here.
    Rule.objects.filter(stream=stream).exclude(title__in=titles).delete()
    kept = _write_faults(stream, faults)
    _write_rules(stream, rules, kept, scripts)
    Fault.objects.filter(stream=stream).exclude(title__in=set(kept)).delete()
    return stream


def _write_faults(stream: Stream, faults: Any) -> dict[str, Fault]:
    there = {fault.title: fault for fault in Fault.objects.filter(stream=stream)}
    kept = {}
    for order, values in enumerate(faults, 1):
        fault = there.get(values["title"]) or Fault(stream=stream)
        _set(fault, {**values, "order": order})
        fault.save()
        kept[fault.title] = fault
    return kept


def _write_rules(
    stream: Stream,
    rules: Any,
    faults: Mapping[str, Fault],
    scripts: Mapping[str, Script],
) -> None:
    there = {rule.title: rule for rule in Rule.objects.filter(stream=stream)}
    for order, given in enumerate(rules, 1):
        values = dict(given)
        wanted = [scripts[slug].pk for slug in values.pop("scripts")]
        fault = values.pop("fault")
        rule: RuleModel = there.get(values["title"]) or Rule(stream=stream)
        _set(rule, {**values, "order": order})
        rule.fault = faults[fault] if fault else None
        rule.save()
        parts = rule.parts.order_by("order", "pk")
        if [part.script_id for part in parts] != wanted:
            parts.delete()
            for place, script in enumerate(wanted, 1):
                RuleScript.objects.create(rule=rule, order=place, script_id=script)


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
