"""What differs between what is there and what a file says, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from streams.documents.mistakes import shown

SINGULAR = {"rules": "rule", "faults": "fault"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs. What is not there is None."""

    what: str
    """`delay_ms`, `body`, `rule 'Weather': turns`."""
    before: Any
    after: Any
    text: str
    """The same in one line."""

    def __str__(self) -> str:
        return self.text

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "before": self.before, "after": self.after}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what differs, in the order of the fields."""
    return tuple(_changes(before, after))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name, old in before.items():
        new = after[name]
        if old == new:
            continue
        if name == "body":
            yield Change(what=name, before=old, after=new, text=_body(old, new))
        elif name in SINGULAR:
            yield from _in_tables(name, old, new)
        else:
            yield _plain(name, old, new)


def _in_tables(name: str, old: Any, new: Any) -> Iterator[Change]:
    """Compare rules or faults, which are known by their titles."""
    before = {one["title"]: one for one in old}
    after = {one["title"]: one for one in new}
    word = SINGULAR[name]
    for title in [*before, *(title for title in after if title not in before)]:
        what = f"{word} {shown(title)}"
        if title not in after:
            yield _whole(what, before[title], None, _("gone"))
        elif title not in before:
            yield _whole(what, None, after[title], _("new"))
        else:
            for key, value in before[title].items():
                if value != after[title][key]:
                    yield _plain(f"{what}: {key}", value, after[title][key])
    kept = [title for title in after if title in before]
    if kept != [title for title in before if title in after]:
        # Not in the f-string, where nothing is found that is to be translated.
        text = f"{name}: " + _("in another order")
        yield Change(what=name, before=list(before), after=list(after), text=text)


def _whole(what: str, before: Any, after: Any, word: str) -> Change:
    return Change(what=what, before=before, after=after, text=f"{what}: {word}")


def _plain(what: str, old: Any, new: Any) -> Change:
    text = f"{what}: {_value(old)} → {_value(new)}"
    return Change(what=what, before=old, after=new, text=text)


def _value(value: Any) -> str:
    """Write a value as its file would, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.16g}"
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return shown(value) if isinstance(value, str) else str(value)


def _body(old: str, new: str) -> str:
    """Say how much of a text changed, and show the first line that did."""
    lines = list(unified_diff(_lines(old), _lines(new), n=0, lineterm=""))[2:]
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    # A file that lost its first lines has its change before line 1.
    place = max(1, int(lines[0].split()[2].lstrip("+").split(",")[0])) if lines else 1
    said = ngettext(
        "+%(added)d −%(removed)d line, the first at line %(place)s",
        "+%(added)d −%(removed)d lines, the first at line %(place)s",
        max(added, removed),
    )
    return "body: " + said % {"added": added, "removed": removed, "place": place}


def _lines(text: str) -> list[str]:
    # Not splitlines(), which knows many more line ends; kept, so that a last line
    # without one differs from one with it.
    return text.split("\n")
