"""Files that people write and keep in git: Markdown with front matter, and YAML.

Pure: what a file says, in which line, and what is wrong with it. What may be in one,
and what becomes of it, is `streams.porting`'s to know.
"""

from streams.documents.fields import Field, Kind, Reader, Table
from streams.documents.front_matter import FrontMatter, join, split
from streams.documents.mistakes import Mistake, PortingError, Unreadable
from streams.documents.yaml_text import compose, dump

__all__ = [
    "Field",
    "FrontMatter",
    "Kind",
    "Mistake",
    "PortingError",
    "Reader",
    "Table",
    "Unreadable",
    "compose",
    "dump",
    "join",
    "split",
]
