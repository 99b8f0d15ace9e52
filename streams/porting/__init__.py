"""Scripts and streams as files: out of the database, and into it.

A script is Markdown with front matter, a stream is YAML. What a file says is read by
`streams.documents`; here it is compared with the database, and written.
"""

from streams.documents import Mistake, PortingError
from streams.porting.loading import load_folder
from streams.porting.report import Entry, OnConflict, Report, Status

__all__ = [
    "Entry",
    "Mistake",
    "OnConflict",
    "PortingError",
    "Report",
    "Status",
    "load_folder",
]
