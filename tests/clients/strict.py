"""Validation as the SDKs' types mean it: they build their models without a check."""

from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter


def validate(type_: Any, body: object) -> Any:
    """Return the body as the type; raise ValidationError for what does not fit.

    Fields that the type does not know are refused, too, in every nested model.
    """
    parsed = _adapter(type_).validate_python(body)
    assert_known(parsed)
    assert_kept(parsed, body)
    return parsed


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def assert_known(value: object, path: str = "") -> None:
    """Fail for a field that no type of the SDK has."""
    if isinstance(value, BaseModel):
        extra = set(value.model_extra or ()) - ALLOWED
        assert not extra, f"{type(value).__name__}{path} does not know {extra}"
        for name in type(value).model_fields:
            assert_known(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            assert_known(item, f"{path}[{index}]")


def assert_kept(value: object, body: object, path: str = "") -> None:
    """Fail for a field that a type leaves out in silence, as those of some SDKs do."""
    if isinstance(value, BaseModel) and isinstance(body, dict):
        fields = type(value).model_fields
        names = {name for each in fields.items() for name in (each[0], each[1].alias)}
        left_out = set(body) - names - ALLOWED
        if type(value).model_config.get("extra", "ignore") == "ignore":
            assert not left_out, f"{type(value).__name__}{path} leaves out {left_out}"
        for name, field in fields.items():
            sent = body.get(name, body.get(field.alias or name))
            assert_kept(getattr(value, name), sent, f"{path}.{name}")
    elif isinstance(value, list | tuple) and isinstance(body, list):
        for index, (item, sent) in enumerate(zip(value, body, strict=True)):
            assert_kept(item, sent, f"{path}[{index}]")


ALLOWED = {"reasoning_content"}
"""What is sent beyond a vendor's types, since most clients read it."""
