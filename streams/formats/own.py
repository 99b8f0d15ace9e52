"""Requests in our own way: parameters in a query, a form or a JSON object."""

from streams.core.parameters import OVERRIDES
from streams.exceptions import Problem
from streams.formats.call import Call, Incoming, Message
from streams.formats.conversation import last_user_message


def read_parameters(incoming: Incoming) -> Call:
    """Read a request; the body's parameters come before those of the query."""
    fields: dict[str, object] = dict(incoming.query)
    if isinstance(incoming.body, dict):
        fields |= incoming.body
    elif incoming.body is not None:
        raise Problem(
            status=400,
            code="body_not_an_object",
            message='The JSON body must be an object, such as {"prompt": "Hello"}.',
        )
    last_event_id = _text(fields, "last_event_id")
    messages = _messages(fields.pop("messages", []))
    prompt = _text(fields, "prompt") or last_user_message(messages)
    # A form sends the fields one left blank, too: they override nothing.
    given = ((name, _text(fields, name)) for name in OVERRIDES)
    overrides = {name: text for name, text in given if text}
    fields.pop("format", None)
    return Call(
        prompt=prompt,
        messages=messages,
        overrides=overrides,
        params=fields,
        # A browser that connects again sends the header beside its first URL.
        last_event_id=incoming.headers.get("last-event-id") or last_event_id,
    )


def _text(fields: dict[str, object], name: str) -> str:
    """Take a field that must be a string or a number."""
    value = fields.pop(name, "")
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem(
            status=400,
            code="parameter_wrong_type",
            message=f"`{name}` must be a string or a number.",
            param=name,
        )
    return str(value)


def _messages(value: object) -> tuple[Message, ...]:
    def is_message(item: object) -> bool:
        return (
            isinstance(item, dict)
            and isinstance(item.get("role"), str)
            and isinstance(item.get("content"), str)
        )

    if not isinstance(value, list) or not all(map(is_message, value)):
        raise Problem(
            status=400,
            code="parameter_wrong_type",
            message=(
                "`messages` must be a list of objects with `role` and `content`,"
                ' such as [{"role": "user", "content": "Hello"}].'
            ),
            param="messages",
        )
    return tuple(Message(role=m["role"], content=m["content"]) for m in value)
