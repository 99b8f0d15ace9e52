"""A streamed answer while it is captured, and the file that it is written down in."""

import codecs
import json
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answer:
    """What is kept of a streamed answer: its pieces, and when each came."""

    path: str
    """Of the request, without its query, which may hold a key."""
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    """Seconds since the request was sent, and what came then."""
    whole: bool = False
    """Whether it came to its end."""

    def capture(self) -> bytes:
        """Return it as JSON Lines, as `read_capture` reads them.

        Characters that came in two pieces are in the second.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        lines = [
            {"t": round(at, 6), "data": decoder.decode(piece)}
            for at, piece in self.pieces
        ]
        if lines and (rest := decoder.decode(b"", final=True)):
            lines.append({"t": lines[-1]["t"], "data": rest})
        said = (json.dumps(line, ensure_ascii=False) for line in lines if line["data"])
        return "".join(f"{line}\n" for line in said).encode()
