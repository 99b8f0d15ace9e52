"""All the tags and filters that a script's template has, and what they may spend.

Left out on purpose: filters that multiply their input (add, addslashes, join,
make_list, center, …), that read settings or the locale (date, floatformat, …), that
draw lots (random), or that make HTML (linebreaks, …).
"""

from typing import Any, cast

from django.template import (
    Context,
    Library,
    Node,
    NodeList,
    TemplateSyntaxError,
    defaultfilters,
    defaulttags,
)
from django.template.base import FilterExpression, Parser, TextNode, Token

from streams.exceptions import ScriptError

MAX_LOOPS = 10_000
"""Most passes through `{% for %}` bodies in one rendering."""

MAX_WORK = 5_000_000
"""Most characters that the expressions of one rendering may go through."""

TAGS: tuple[str, ...] = (
    "comment",
    "cycle",
    "firstof",
    "if",
    "ifchanged",
    "resetcycle",
    "templatetag",
    "verbatim",
    "with",
)
"""Besides `for` and `filter`, which are our own."""

FILTERS: tuple[str, ...] = (
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
    "pluralize",
    "slice",
    "slugify",
    "title",
    "truncatechars",
    "truncatewords",
    "upper",
    "wordcount",
    "yesno",
)

register = Library()
for _name in TAGS:
    register.tag(_name, defaulttags.register.tags[_name])
for _name in FILTERS:
    register.filter(_name, defaultfilters.register.filters[_name])


class Budget:
    """What one rendering may still spend."""

    def __init__(self, characters: int) -> None:
        self.most = self.characters = characters
        self.loops = MAX_LOOPS
        self.work = MAX_WORK

    @property
    def written(self) -> int:
        return self.most - self.characters

    def loop(self, characters: int) -> None:
        self.loops -= 1
        self.characters -= characters
        self.check()

    def evaluate(self, characters: int) -> None:
        self.work -= 1 + characters
        self.check()

    def check(self) -> None:
        """Raise ScriptError if too much was spent.

        Ask once more at the end: `{% if %}` takes an error in a comparison for "no".
        """
        if self.loops < 0:
            raise ScriptError(f"the template loops more than {MAX_LOOPS:,} times")
        if self.characters < 0:
            raise ScriptError(f"the template gives more than {self.most:,} characters")
        if self.work < 0:
            raise ScriptError(
                f"the template goes through more than {MAX_WORK:,} characters"
            )


class MeteredExpression(FilterExpression):
    """A variable with its filters; all that goes through them is counted."""

    def __init__(self, token: str, parser: Parser) -> None:
        super().__init__(token, parser)
        passes = 1 + len(self.filters)
        if self.is_var:
            self.var = _MeteredVariable(self.var, passes)
        self.filters = [
            (
                function,
                [
                    (lookup, _MeteredVariable(arg, passes) if lookup else arg)
                    for lookup, arg in arguments
                ],
            )
            for function, arguments in self.filters
        ]


class _MeteredVariable:
    """A variable that pays for each filter its value may go through."""

    def __init__(self, variable: Any, passes: int) -> None:
        self._variable = variable
        self._passes = passes

    def __str__(self) -> str:
        return str(self._variable)

    def resolve(self, context: Context) -> Any:
        value = self._variable.resolve(context)
        size = len(value) if isinstance(value, str) else 1
        context["_budget"].evaluate(size * self._passes)
        return value


class _LoopBody(Node):
    """The inside of a `{% for %}`, counted."""

    child_nodelists = ("nodelist",)

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        budget: Budget = context["_budget"]
        before = budget.written
        text = self.nodelist.render(context)
        # Loops inside have counted their part already.
        budget.loop(max(0, len(text) - (budget.written - before)))
        return text


@register.tag("for")
def _do_for(parser: Parser, token: Token) -> Node:
    node = defaulttags.do_for(parser, token)
    body = cast(NodeList, node.nodelist_loop)
    node.nodelist_loop = NodeList([_LoopBody(body)])
    return node


@register.tag("filter")
def _do_filter(parser: Parser, token: Token) -> Node:
    node = defaulttags.do_filter(parser, token)
    texts = node.nodelist.get_nodes_by_type(TextNode)
    if any("\0" in cast(TextNode, text).s for text in texts):
        raise TemplateSyntaxError("a direction cannot stand inside {% filter %}")
    return node


def _refuse(parser: Parser, token: Token) -> Node:
    name = token.split_contents()[0]
    available = ", ".join(sorted((*TAGS, "filter", "for")))
    raise TemplateSyntaxError(
        f"the tag '{name}' is not available in scripts; available: {available}"
    )


for _name in {*defaulttags.register.tags, "include", "extends", "block"}:
    if _name not in register.tags:
        register.tag(_name, _refuse)
