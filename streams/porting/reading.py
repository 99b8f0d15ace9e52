"""From a file's bytes to what it says, with all that is wrong with it."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import get_language

from streams.conf import conf
from streams.core.cache import WeightedCache
from streams.core.script import normalise
from streams.documents import Reader, Table, Unreadable, compose, split
from streams.documents.mistakes import shown
from streams.documents.nodes import Pairs
from streams.models import Script, Stream
from streams.porting.documents import Document, Kind
from streams.porting.parts import (
    ask_model,
    check_faults_of_rules,
    read_fault,
    read_rule,
    read_tables,
    sentence,
)
from streams.porting.schema import (
    SCHEMA,
    SCRIPT_DEFAULTS,
    SCRIPT_FIELDS,
    STREAM_DEFAULTS,
    STREAM_FIELDS,
)

KINDS = {".md": Kind.SCRIPT, ".yaml": Kind.STREAM, ".yml": Kind.STREAM}

# So that a folder which is read again and again costs what has changed in it.
_documents: WeightedCache[Document] = WeightedCache(
    10_000_000, lambda document: 1000 + document.weight
)


def read_document(file: str, data: bytes, *, published: bool = False) -> Document:
    """Read a script (`.md`) or a stream (`.yaml`).

    `published` is for streams that do not say it themselves.
    """
    language = get_language()
    key = (file, data, published, language, conf.max_script_chars)
    return _documents.get(key, lambda: _read(file, data, published))


def _read(file: str, data: bytes, published: bool) -> Document:
    kind = KINDS[PurePosixPath(file).suffix.lower()]
    reader = Reader(file)
    stem = PurePosixPath(file).stem
    try:
        text = normalise(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reader.wrong(
            f"The byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8.",
            line,
        )
        return _broken(kind, stem, reader)
    try:
        if kind == Kind.SCRIPT:
            slug, values, lines = _script(reader, stem, text)
        else:
            slug, values, lines = _stream(reader, stem, text, published)
    except Unreadable as error:
        reader.wrong(str(error), error.line)
        return _broken(kind, stem, reader)
    return Document(
        kind=kind,
        slug=slug,
        values=values,
        file=file,
        lines=lines,
        mistakes=tuple(sorted(reader.mistakes, key=lambda m: m.line or 0)),
        weight=3 * len(data),
    )


def _broken(kind: Kind, stem: str, reader: Reader) -> Document:
    return Document(
        kind=kind,
        slug=stem,
        values={"script": "", "rules": ()},
        file=reader.file,
        mistakes=tuple(reader.mistakes),
    )


Read = tuple[str, dict[str, Any], dict[str, int]]
"""A slug, the values, and the lines they are in."""


def _script(reader: Reader, stem: str, text: str) -> Read:
    parts = split(text)
    table = Table(values={}, lines={}, line=1)
    if parts.node is not None:
        table = reader.table(parts.node, SCRIPT_FIELDS)
    slug, values = _entry(reader, stem, table, SCRIPT_DEFAULTS)
    values["body"] = parts.body
    row = Script(slug=slug, **values)
    ask_model(reader, row, table, ("body",))
    try:
        row.clean()
    except ValidationError as error:
        [failure] = error.error_dict["body"]
        line = int((failure.params or {}).get("line", 0))
        message = failure.messages[0].removeprefix(f"Line {line}: ")
        reader.wrong(sentence(message), parts.body_line + max(line, 1) - 1)
    return slug, values, {**table.lines, "body": parts.body_line}


def _stream(reader: Reader, stem: str, text: str, published: bool) -> Read:
    node = compose(text)
    table = Table(values={}, lines={}, line=1)
    if node is not None:
        table = reader.table(node, STREAM_FIELDS)
        if not isinstance(node, Pairs):
            message = reader.mistakes.pop().message
            raise Unreadable(message, node.line)
    schema = table.values.get("schema", SCHEMA)
    if schema != SCHEMA:
        reader.mistakes.clear()
        raise Unreadable(
            f"`schema` is {schema}, and this version reads {SCHEMA} only: install the"
            " one that wrote the file.",
            table.line_of("schema"),
        )
    slug, values = _entry(
        reader, stem, table, {**STREAM_DEFAULTS, "published": published}
    )
    values["script"] = values["script"] or slug
    plain = {name: value for name, value in values.items() if name in STREAM_DEFAULTS}
    del plain["script"]
    ask_model(reader, Stream(slug=slug, **plain), table, ("script",))
    lines = {name: line for name, line in table.lines.items() if name != "schema"}
    values["faults"] = read_tables(reader, table, "faults", lines, read_fault)
    titles = [fault["title"] for fault in values["faults"]]
    values["rules"] = read_tables(reader, table, "rules", lines, read_rule)
    if not any(fault.get("broken") for fault in values["faults"]):
        check_faults_of_rules(reader, values["rules"], titles, lines)
    return slug, values, lines


def _entry(
    reader: Reader, stem: str, table: Table, defaults: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the slug, by the file's name unless it says so, and the other values."""
    values = {name: table.values.get(name, value) for name, value in defaults.items()}
    slug = str(values.pop("slug") or stem)
    try:
        Script._meta.get_field("slug").run_validators(slug)
    except ValidationError:
        free = slugify(slug)[:100] or "my-slug"
        where = "the slug" if "slug" in table.lines else "the file's name"
        remedy = "write" if "slug" in table.lines else "rename it, or write"
        reader.wrong(
            f"As {where}, {shown(slug)} will not do: letters, digits, hyphens and"
            f" underscores, 100 at most; {remedy} `slug: {free}`.",
            table.line_of("slug"),
        )
    if not values["title"]:
        values["title"] = slug.replace("-", " ").replace("_", " ").strip().capitalize()
    return slug, values
