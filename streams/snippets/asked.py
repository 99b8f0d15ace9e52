"""What a call asks for, as a program of some language says it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from streams.core.encoding import to_utf8
from streams.core.parameters import HEADERS, OVERRIDES, PARAMETERS, shown
from streams.exceptions import Problem
from streams.formats.call import Call
from streams.snippets.quoting import Language

Value = str | int | float

HELLO = "Hello"
"""What programs say to a model where nothing else is asked."""

# Around a header's value spaces are nothing, and not every client sends but ASCII.
_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")


def sendable(call: Call) -> Call:
    """Return a call that says something, in words that UTF-8 can encode."""

    def clean(text: str) -> str:
        return to_utf8(text).decode()

    return replace(
        call,
        prompt=clean(call.prompt) or HELLO,
        session=clean(call.session),
        overrides={name: clean(text) for name, text in call.overrides.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that its stream would answer. The methods are what templates know."""

    call: Call
    language: Language
    model: str
    """The stream's name, for SDKs."""

    @property
    def settings(self) -> dict[str, Value]:
        """What is to differ from the stream's own settings."""
        given = {**self.call.overrides, "session": self.call.session}
        names = [name for name in OVERRIDES if given.get(name)]
        return {name: _value(name, given[name]) for name in names}

    def prompt(self) -> str:
        return self.language.write(self.call.prompt)

    def body(self) -> str:
        """Return an object with all of it."""
        return self.language.write({"prompt": self.call.prompt, **self.settings})

    def start(self) -> str:
        """Return what begins a stream on a WebSocket."""
        said = {"action": "start", "prompt": self.call.prompt, **self.settings}
        return self.language.write(said)

    def chat(self) -> str:
        """Return the body of a request to OpenAI."""
        messages = [{"role": "user", "content": self.call.prompt}]
        said = {"model": self.model, "messages": messages, "stream": True}
        return self.language.write(said)

    def query(self) -> str:
        """Return the settings as parameters of an address, without a question mark."""
        return urlencode(self.settings, quote_via=quote, safe="")

    def whole_query(self) -> str:
        """Return the same with the prompt."""
        said = {"prompt": self.call.prompt, **self.settings}
        return urlencode(said, quote_via=quote, safe="")

    def headers(self, *names: str) -> list[tuple[str, str]]:
        """Return the settings as headers; raise Problem for one that none can carry.

        `names` are those that are wanted, unless that is all.
        """
        write, pairs = self.language.write, self._headers(names or OVERRIDES)
        return [(write(name), write(value)) for name, value in pairs]

    def header_lines(self) -> list[str]:
        pairs = self._headers(OVERRIDES)
        return [self.language.write(": ".join(pair)) for pair in pairs]

    def _headers(self, names: Sequence[str]) -> list[tuple[str, str]]:
        found = []
        settings = self.settings
        for header, name in HEADERS.items():
            if name not in names or name not in settings:
                continue
            value = str(settings[name])
            if not _HEADER.fullmatch(value):
                raise Problem(
                    status=400,
                    code="parameter_not_a_header",
                    message=(
                        f"{shown(name, value)} would be a header here, and headers are"
                        " ASCII without spaces around it. Choose another, or a client"
                        " that sends JSON, such as fetch."
                    ),
                    param=name,
                )
            found.append(("-".join(map(str.title, header.split("-"))), value))
        return found


def _value(name: str, raw: str) -> Value:
    """Return a setting as a number, if it is one; `raw` was read before."""
    if name == "fault":
        return ",".join(part.strip() for part in raw.split(","))
    if name not in PARAMETERS:
        return raw
    if PARAMETERS[name].whole:
        return int(raw)
    number = float(raw)
    return int(number) if number.is_integer() else number
