"""Reading JSON bodies field by field, with errors that name the field at fault."""

from collections.abc import Iterator, Mapping

from streams.exceptions import Problem

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


class Fields(Mapping[str, object]):
    """A JSON object whose fields are read by type. `null` is as good as nothing."""

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self._values = values
        self._path = path

    @classmethod
    def of(cls, body: object) -> "Fields":
        """Read a body; raise Problem unless it is a JSON object."""
        if not isinstance(body, dict):
            what = "nothing" if body is None else kind(body)
            raise Problem(
                status=400,
                code="body_not_an_object",
                message=f"The body must be a JSON object; this one is {what}.",
            )
        return cls(body)

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def path(self, name: str) -> str:
        """Name a field as a caller would find it: `messages[2].role`."""
        return f"{self._path}.{name}" if self._path else name

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string; without a default it must be there."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise wrong_type(self.path(name), "a string", value)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise wrong_type(self.path(name), "a boolean", value)
        return value

    def integer(self, name: str, lowest: int, highest: int) -> int | None:
        """Return an integer in a range, or None where there is none."""
        value = self.get(name)
        if value is None:
            return None
        # JSON knows one kind of number: 5.0 is an integer.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(self.path(name), "an integer", value)
        if not lowest <= value <= highest:
            raise out_of_range("integer", self.path(name), value, lowest, highest)
        return value

    def number(self, name: str, lowest: int, highest: int, default: float) -> float:
        """Return a number in a range, ends included."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self.path(name), "a number", value)
        if not lowest <= value <= highest:
            raise out_of_range("number", self.path(name), value, lowest, highest)
        return value

    def record(self, name: str) -> "Fields":
        """Return an object, empty where there is none."""
        value = self._value(name, {})
        if not isinstance(value, dict):
            raise wrong_type(self.path(name), "an object", value)
        return Fields(value, self.path(name))

    def objects(self, name: str, *, required: bool = False) -> "list[Fields]":
        """Return an array of objects; `required` wants one at least."""
        value = self._value(name, None if required else [])
        if not isinstance(value, list):
            raise wrong_type(self.path(name), "an array of objects", value)
        if required and not value:
            raise Problem(
                status=400,
                code="empty_array",
                message=f"Invalid '{self.path(name)}': empty. Give one item at least.",
                param=self.path(name),
            )
        return list(objects(value, self.path(name)))

    def texts(self, name: str, most: int = 16) -> tuple[str, ...]:
        """Return a string, or an array of up to `most`, as a tuple."""
        value = self._value(name, [])
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise wrong_type(self.path(name), "a string or an array of strings", value)
        if len(value) > most:
            raise Problem(
                status=400,
                code="array_above_max_length",
                message=(
                    f"Invalid '{self.path(name)}': {len(value)} items. Give {most} at"
                    " most."
                ),
                param=self.path(name),
            )
        return tuple(value)

    def content(self, name: str = "content", *, required: bool = True) -> str:
        """Return the text of a message: a string, or an array of parts.

        Parts without text (images, audio, files) count as nothing.
        """
        value = self._value(name, None if required else "")
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            raise wrong_type(self.path(name), "a string or an array of parts", value)
        parts = objects(value, self.path(name))
        return "".join(part.text("text", "") for part in parts)

    def _value(self, name: str, default: object) -> object:
        value = self.get(name)
        if value is None:
            value = default
        if value is None:
            raise missing(self.path(name))
        return value


def objects(values: list[object], path: str) -> Iterator[Fields]:
    """Yield the objects of an array; raise Problem for anything else in it."""
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise wrong_type(f"{path}[{index}]", "an object", value)
        yield Fields(value, f"{path}[{index}]")


def kind(value: object) -> str:
    """Name a JSON value's type for people."""
    return next((name for type_, name in _KINDS if isinstance(value, type_)), "null")


def missing(path: str) -> Problem:
    return Problem(
        status=400,
        code="missing_required_parameter",
        message=f"Missing required parameter: '{path}'.",
        param=path,
    )


def out_of_range(
    what: str, path: str, value: float, lowest: int, highest: int
) -> Problem:
    return Problem(
        status=400,
        code=f"{what}_out_of_range",
        message=(
            f"Invalid '{path}': {str(value)[:40]} is not from {lowest} to {highest}."
        ),
        param=path,
    )


def wrong_type(path: str, wanted: str, value: object) -> Problem:
    return Problem(
        status=400,
        code="invalid_type",
        message=f"Invalid type for '{path}': expected {wanted}, but got {kind(value)}.",
        param=path,
    )


def invalid(path: str, why: str) -> Problem:
    return Problem(
        status=400,
        code="invalid_value",
        message=f"Invalid '{path}': {why}.",
        param=path,
    )
