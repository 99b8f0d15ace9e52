"""Scripts with `rendering: template`: Django's template language, fenced in.

A script's author may be anybody whom the site lets edit scripts, so a template sees
the caller's words and nothing else: no loaders, no settings, no files, no `{% load %}`,
`{% include %}`, `{% url %}` or `{% debug %}`, and nothing that depends on the clock or
on chance, which would break a resumed stream. It also cannot run for long: loops draw
on one budget.

This module is its own tag library: `register` is all that a template has.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from django.template import (
    Context,
    Engine,
    Library,
    Node,
    NodeList,
    Template,
    TemplateSyntaxError,
    defaultfilters,
    defaulttags,
)
from django.template.base import Parser, Token

from streams.conf import conf
from streams.core.script import (
    CueSheet,
    Direction,
    cue_sheet,
    normalise,
    split_directions,
)
from streams.exceptions import ScriptError
from streams.formats.base import Call

MAX_LOOPS = 10_000
"""Most passes through `{% for %}` bodies in one rendering."""

TAGS: tuple[str, ...] = (
    "comment",
    "cycle",
    "filter",
    "firstof",
    "if",
    "ifchanged",
    "resetcycle",
    "templatetag",
    "verbatim",
    "with",
)
"""Besides `for`, which is metered."""

# Left out on purpose: filters that can multiply their input (add, join, center, …),
# that read settings or the locale (date, floatformat, …), that draw lots (random), or
# that make HTML (linebreaks, …).
FILTERS: tuple[str, ...] = (
    "addslashes",
    "capfirst",
    "cut",
    "default",
    "default_if_none",
    "divisibleby",
    "first",
    "get_digit",
    "last",
    "length",
    "lower",
    "make_list",
    "pluralize",
    "slice",
    "slugify",
    "title",
    "truncatechars",
    "truncatewords",
    "upper",
    "urlencode",
    "wordcount",
    "yesno",
)

register = Library()
for _name in TAGS:
    register.tag(_name, defaulttags.register.tags[_name])
for _name in FILTERS:
    register.filter(_name, defaultfilters.register.filters[_name])


def _refuse(parser: Parser, token: Token) -> Node:
    name = token.split_contents()[0]
    available = ", ".join(sorted((*TAGS, "for")))
    raise TemplateSyntaxError(
        f"the tag '{name}' is not available in scripts; available: {available}"
    )


for _name in {*defaulttags.register.tags, "include", "extends", "block"} - {*TAGS}:
    register.tag(_name, _refuse)


class _Budget:
    """What one rendering may still spend."""

    def __init__(self) -> None:
        self.loops = MAX_LOOPS
        self.characters = conf.max_script_chars

    def spend(self, text: str) -> None:
        self.loops -= 1
        self.characters -= len(text)
        if self.loops < 0:
            raise ScriptError(f"the template loops more than {MAX_LOOPS:,} times")
        if self.characters < 0:
            raise ScriptError(
                f"the template gives more than {conf.max_script_chars:,} characters"
            )


class _LoopBody(Node):
    """The inside of a `{% for %}`, metered."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        text = self.nodelist.render(context)
        context["_budget"].spend(text)
        return text


@register.tag("for")
def _do_for(parser: Parser, token: Token) -> Node:
    node = defaulttags.do_for(parser, token)
    node.nodelist_loop = NodeList([_LoopBody(cast(NodeList, node.nodelist_loop))])
    return node


class _ScriptEngine(Engine):
    default_builtins = [__name__]


_engine = _ScriptEngine(loaders=[], autoescape=False)

# Directions leave the text before the template sees it, and return afterwards: nothing
# that a caller says can become one. NUL marks their places, which no script and no
# prompt contains; the line ends keep the template's line numbers right.
_PLACE = re.compile("\0(\\d+)\n*\0")


@lru_cache(maxsize=256)
def compile_template(body: str) -> tuple[Template, tuple[Direction, ...]]:
    """Compile a template script; raise ScriptError, with its line, for a bad one."""
    source: list[str] = []
    directions: list[Direction] = []
    for piece in split_directions(normalise(body)):
        if isinstance(piece, Direction):
            line_ends = "\n" * piece.line_ends
            source.append(f"\0{len(directions)}{line_ends}\0")
            directions.append(piece)
        else:
            source.append(piece)
    try:
        return Template("".join(source), engine=_engine), tuple(directions)
    except TemplateSyntaxError as error:
        token = getattr(error, "token", None)
        message = re.sub(r" on line \d+", "", str(error))
        raise ScriptError(message, line=token and token.lineno) from None
    except RecursionError:
        raise ScriptError("the template's tags are nested too deeply") from None


def render_script(body: str, call: Call) -> CueSheet:
    """Render a template script for one call; raise ScriptError where that fails."""
    template, directions = compile_template(body)
    budget = _Budget()
    context = {
        "prompt": normalise(call.prompt),
        "messages": [
            {"role": normalise(m.role), "content": normalise(m.content)}
            for m in call.messages
        ],
        "turn": call.turn,
        "params": _clean(call.params),
        "_budget": budget,
    }
    try:
        text = template.render(Context(context, autoescape=False, use_l10n=False))
    except ScriptError:
        raise
    except RecursionError:
        raise ScriptError("the template's tags are nested too deeply") from None
    except Exception as error:
        raise ScriptError(f"the template cannot be rendered: {error}") from error
    if len(text) > conf.max_script_chars:
        raise ScriptError(
            f"the template gives more than {conf.max_script_chars:,} characters"
        )
    pieces: list[str | Direction] = []
    for index, piece in enumerate(_PLACE.split(text)):
        # A filter may have spoilt a mark; no NUL may stay of it.
        pieces.append(directions[int(piece)] if index % 2 else normalise(piece))
    return cue_sheet(pieces)


def _clean(value: Any) -> Any:
    """Copy what a caller sent, without the characters that mark directions."""
    if isinstance(value, str):
        return normalise(value)
    if isinstance(value, Mapping):
        return {normalise(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
