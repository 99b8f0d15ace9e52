"""What the formats of all vendors have in common."""

from abc import abstractmethod

from streams.formats.base import Format
from streams.formats.call import Call, Incoming
from streams.formats.conversation import from_query
from streams.formats.fields import Fields


class VendorFormat(Format):
    """A format whose requests are JSON objects that are posted."""

    counts_tokens = True
    reads_request = False

    def parse(self, incoming: Incoming) -> Call:
        if incoming.method != "POST":
            return from_query(incoming)
        return self.read(Fields.of(incoming.body))

    @abstractmethod
    def read(self, fields: Fields) -> Call:
        """Read a body; raise Problem for one that cannot be answered."""
