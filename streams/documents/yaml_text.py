"""YAML with the line of everything in it, and nothing in it that does anything."""

from typing import Any

from streams.documents.mistakes import PortingError, Unreadable
from streams.documents.nodes import Items, Node, Pairs, Scalar

_STANDARD = "tag:yaml.org,2002:"
_TAGS = ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
_KNOWN_TAGS = {f"{_STANDARD}{tag}" for tag in (*_TAGS, "seq", "map")}
DEEPEST = 20
"""Levels of tables and lists in each other: far more than anybody needs."""

_REMEDIES = {
    "mapping values are not allowed": "put a text with a colon in it into quotes,"
    " and begin names of one table in one column",
    "that cannot start any token": "put the value into quotes; indent with spaces",
    "could not find expected ':'": "write `name: value`",
    "expected <block end>": "indent it as the lines of the same level are",
    "expected a single document": "one file holds one document: make another file",
    "while scanning a quoted scalar": "close the quotes",
    "found unexpected end of stream": "close the quotes",
}


def compose(text: str, first_line: int = 1) -> Node | None:
    """Read YAML; None for an empty text. Raise Unreadable for what is none.

    Nothing is constructed: tags and aliases, which could make much of little, are
    refused. `first_line` is the line of the file in which the text begins.
    """
    yaml = _load_yaml()
    try:
        found = yaml.compose(text, _loader())
        return None if found is None else _convert(found, first_line)
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        code = error.character
        code = ord(code) if isinstance(code, str) else code
        raise Unreadable(
            f"The character U+{code:04X} cannot stand in YAML as it is: write it as"
            f' "\\u{code:04x}", in double quotes.',
            line,
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        problem = " ".join(part for part in (error.context, error.problem) if part)
        remedy = next((r for p, r in _REMEDIES.items() if p in problem), "")
        remedy = f": {remedy}." if remedy else "."
        raise Unreadable(f"This is no YAML ({problem}){remedy}", line) from None


def dump(values: dict[str, Any]) -> str:
    """Write YAML in the order of `values`; what is read again is the same."""
    yaml = _load_yaml()
    written: str = yaml.dump(
        values,
        Dumper=_dumper(),
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=float("inf"),
    )
    return written


def _load_yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise PortingError(
            "YAML needs PyYAML: pip install 'django-scripted-streams[yaml]'."
        ) from None
    return yaml


def _convert(node: Any, first_line: int) -> Node:
    line = first_line + node.start_mark.line
    if node.tag not in _KNOWN_TAGS:
        tag = node.tag.replace(_STANDARD, "!!")
        raise Unreadable(f"Tags such as {tag} are not used here: leave it out.", line)
    if node.id == "scalar":
        return Scalar(node.value, line, quoted=bool(node.style))
    if node.id == "sequence":
        return Items(tuple(_convert(item, first_line) for item in node.value), line)
    pairs = []
    for key, value in node.value:
        name = _convert(key, first_line)
        if not isinstance(name, Scalar):
            raise Unreadable("A name has to be a plain word.", name.line)
        pairs.append((name, _convert(value, first_line)))
    return Pairs(tuple(pairs), line)


def _loader() -> Any:
    # Not libyaml's: what is nested deeply overflows its stack, and ends the process.
    import yaml

    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self.depth += 1
            if self.check_event(yaml.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(
                    None,
                    None,
                    f"aliases such as *{event.anchor} are not used here: write the"
                    " value out",
                    event.start_mark,
                )
            if self.depth > DEEPEST:
                event = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(
                    None, None, "it is nested too deeply", event.start_mark
                )
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    return Loader


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            # Lists are indented, as people write them.
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: Any, text: str) -> Any:
        style = None
        if any(c in text for c in "\r\x85\u2028\u2029\ufeff"):
            # Line ends that would be made others.
            style = '"'
        elif "\n" in text:
            style = "|"
        return dumper.represent_scalar(f"{_STANDARD}str", text, style=style)

    def represent_number(dumper: Any, number: float) -> Any:
        # 10, not 10.0.
        if number.is_integer():
            return dumper.represent_int(int(number))
        return dumper.represent_float(number)

    Dumper.add_representer(str, represent_text)
    Dumper.add_representer(float, represent_number)
    return Dumper
