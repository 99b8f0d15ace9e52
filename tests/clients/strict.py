"""Validation as the SDKs' types mean it: they build their models without a check."""

from typing import Any

from pydantic import BaseModel, TypeAdapter


def validate(type_: Any, body: object) -> Any:
    """Return the body as the type; raise ValidationError for what does not fit.

    Fields that the type does not know are refused, too, in every nested model.
    """
    parsed = TypeAdapter(type_).validate_python(body)
    assert_known(parsed)
    return parsed


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


ALLOWED = {"reasoning_content"}
"""What is sent beyond a vendor's types, since most clients read it."""
