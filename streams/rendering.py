"""Scripts with `rendering: template`: Django's template language, fenced in.

A script's author may be anybody whom the site lets edit scripts, so a template sees
the caller's words and nothing else: no loaders, no settings, no files, none of the tags
`load`, `include`, `url` or `debug`, and nothing that depends on the clock, the language
or chance, which would break a resumed stream. What it does is counted: expressions,
passes of loops, and the characters they make.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.template import Context, Engine, Template, TemplateSyntaxError
from django.template.base import FilterExpression, NodeList, Origin, Parser
from django.template.base import Lexer as TemplateLexer
from django.utils import translation

from streams.conf import conf
from streams.core.cache import WeightedCache
from streams.core.script import (
    CueSheet,
    Direction,
    cue_sheet,
    normalise,
    split_directions,
)
from streams.exceptions import Problem, ScriptError
from streams.formats.call import Call
from streams.template_tags import Budget, MeteredExpression

MAX_TEMPLATE_CHARS = 100_000
"""Longest template; literal scripts may be longer."""

MAX_CALL_CHARS = 100_000
"""Most that a caller may say to a template: prompt, messages and parameters."""

MAX_FILTERS = 10
"""Most filters in one expression."""

_Compiled = tuple[Template, tuple[Direction, ...], int]

# A compiled template takes about a hundred bytes a character.
_templates: WeightedCache[_Compiled] = WeightedCache(
    300_000, lambda made: 500 + made[2]
)


class _Parser(Parser):
    def compile_filter(self, token: str) -> FilterExpression:
        expression = MeteredExpression(token, self)
        if len(expression.filters) > MAX_FILTERS:
            raise TemplateSyntaxError(
                f"more than {MAX_FILTERS} filters in one expression"
            )
        return expression


class _Template(Template):
    def compile_nodelist(self) -> NodeList:
        engine = self.engine
        lexer = TemplateLexer(self.source)
        parser = _Parser(
            lexer.tokenize(),
            engine.template_libraries,
            engine.template_builtins,
            self.origin,
        )
        return parser.parse()


class _Engine(Engine):
    default_builtins = ["streams.template_tags"]


_engine = _Engine(loaders=[], autoescape=False)

# Directions leave the text before the template sees it, and return afterwards: nothing
# that a caller says can become one. NUL marks their places, which no script and no
# prompt contains; the line ends keep the template's line numbers right.
_PLACE = re.compile("\0(\\d+)\n*\0")


def compile_template(body: str) -> tuple[Template, tuple[Direction, ...]]:
    """Compile a template script; raise ScriptError, with its line, for a bad one."""
    template, directions, _ = _templates.get(body, lambda: _compile(normalise(body)))
    return template, directions


def render_script(body: str, call: Call) -> CueSheet:
    """Render a template script for one call.

    Raise ScriptError where that fails, and Problem where the caller is to blame.
    """
    template, directions = compile_template(body)
    words, budget = _Words(), Budget(conf.max_script_chars)
    context = {
        "prompt": words.copy(call.prompt),
        "system": words.copy(call.system),
        "model": words.copy(call.model),
        "messages": [
            {"role": words.copy(m.role), "content": words.copy(m.content)}
            for m in call.messages
        ],
        "turn": call.turn,
        "params": words.copy(call.params),
        "_budget": budget,
    }
    try:
        # Some filters speak the active language; a script's words are its own.
        with translation.override(None):
            text = template.render(Context(context, autoescape=False, use_l10n=False))
        budget.check()
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
        pieces.append(directions[int(piece)] if index % 2 else piece)
    return cue_sheet(pieces)


def _compile(body: str) -> _Compiled:
    if len(body) > MAX_TEMPLATE_CHARS:
        raise ScriptError(
            f"a template has at most {MAX_TEMPLATE_CHARS:,} characters, this has"
            f" {len(body):,}; a literal script may be longer"
        )
    _refuse_unclosed(body)
    source: list[str] = []
    directions: list[Direction] = []
    pieces = split_directions(body)
    if "{%" not in body:
        # Nothing is left out or said again, so what does not nest never will.
        cue_sheet(pieces)
    for piece in pieces:
        if isinstance(piece, Direction):
            line_ends = "\n" * piece.line_ends
            source.append(f"\0{len(directions)}{line_ends}\0")
            directions.append(piece)
        else:
            source.append(piece)
    try:
        template = _Template("".join(source), engine=_engine, origin=Origin("script"))
    except TemplateSyntaxError as error:
        token = getattr(error, "token", None)
        message = re.sub(r" on line \d+", "", str(error))
        raise ScriptError(message, line=token and token.lineno) from None
    except RecursionError:
        raise ScriptError("the template's tags are nested too deeply") from None
    return template, tuple(directions), len(body)


def _refuse_unclosed(body: str) -> None:
    """Refuse what Django's lexer would take its length squared for.

    It looks for the end of every opening, to the end of the line.
    """
    for number, line in enumerate(body.split("\n"), 1):
        for opening, closing in (("{{", "}}"), ("{%", "%}"), ("{#", "#}")):
            if line.count(opening, line.rfind(closing) + 1) > 10:
                raise ScriptError(f"'{opening}' is never closed", line=number)


class _Words:
    """Copies what a caller said, without the characters that mark directions."""

    def __init__(self) -> None:
        self._left = MAX_CALL_CHARS

    def copy(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if isinstance(value, str):
            self._left -= len(value)
        if self._left < 0:
            raise Problem(
                status=413,
                code="prompt_too_long",
                message=(
                    "Prompt, messages and parameters are longer than the"
                    f" {MAX_CALL_CHARS:,} characters that a template takes."
                ),
            )
        if depth > 50:
            raise Problem(
                status=400,
                code="parameter_wrong_type",
                message="The parameters are nested more than 50 levels deep.",
            )
        if isinstance(value, str):
            return normalise(value)
        if isinstance(value, Mapping):
            return {
                self.copy(str(key)): self.copy(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.copy(item, depth + 1) for item in value]
        return value
