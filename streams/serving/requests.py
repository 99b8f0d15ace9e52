"""Requests: who asks, and for what, read once and strictly."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qs, unquote_to_bytes
from weakref import ref

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import HttpHeaders

from streams.exceptions import Problem
from streams.formats.call import Incoming
from streams.models.entry import User
from streams.serving.access import Asker

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def get_user(request: HttpRequest) -> User:
    """Return who asks; a site without sessions knows nobody."""
    return cast(User, getattr(request, "user", None) or AnonymousUser())


def get_asker(request: HttpRequest) -> Asker:
    """Return who asks; whoever that is, is looked up when it matters."""
    # The short path has no middleware that could know a user.
    sessions = not getattr(request, "streams_short", False)
    return Asker(
        lambda: get_user(request),
        lambda: credential(request.headers) or query_text(request, "key"),
        sessions=sessions,
    )


def credential(headers: Mapping[str, str]) -> str:
    """Return the key that a program sent, in any of the ways that SDKs send one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or headers.get("x-goog-api-key") or ""


def query_text(request: HttpRequest, name: str) -> str:
    """Return one parameter of a query string that nobody has checked yet."""
    # Not request.GET, which raises an error for too many parameters.
    query: str = request.META.get("QUERY_STRING", "")
    return parse_qs(query).get(name, [""])[-1]


def read_request(request: HttpRequest, *, json_only: bool = False) -> Incoming:
    """Parse a request once, strictly; raise Problem for what cannot be read.

    `json_only` takes any body for JSON, whatever its type says: `curl -d` calls all of
    them forms.
    """
    try:
        return Incoming(
            method=request.method or "GET",
            query=_query(request),
            headers=_Headers(request),
            body=_body(request, json_only) if request.method == "POST" else None,
        )
    except RequestDataTooBig:
        raise Problem(
            status=413,
            code="body_too_large",
            message=(
                "The request body is larger than this site takes"
                " (DATA_UPLOAD_MAX_MEMORY_SIZE)."
            ),
        ) from None
    except SuspiciousOperation as error:
        raise _bad_request("too_many_fields", f"{error}") from None


class _Headers(Mapping[str, str]):
    """A request's headers by their names in lower case, read when they are wanted."""

    def __init__(self, request: HttpRequest) -> None:
        # A stream that plays has no more use for them, nor for the request.
        self._request = ref(request)

    def __getitem__(self, name: str) -> str:
        return _utf8(self._all[_meta(name)])

    def get(self, name: str, default: Any = None) -> Any:
        # Many are looked for, and few are there: no exceptions on the way.
        return self[name] if _meta(name) in self._all else default

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name in HttpHeaders(self._all))

    def __len__(self) -> int:
        return len(HttpHeaders(self._all))

    @property
    def _all(self) -> dict[str, Any]:
        request = self._request()
        return {} if request is None else request.META


@lru_cache(1000)
def _meta(name: str) -> str:
    """Return what WSGI, and Django with it, calls a header."""
    name = name.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _query(request: HttpRequest) -> dict[str, str]:
    if not request.META.get("QUERY_STRING"):
        return {}
    _strict_utf8(
        unquote_to_bytes(request.META.get("QUERY_STRING", "")), "The query string"
    )
    return {name: request.GET[name] for name in request.GET}


def _body(request: HttpRequest, json_only: bool) -> object:
    # Django itself does not count the files of a form.
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is not None and int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise RequestDataTooBig
    media_type = (request.content_type or "").lower()
    if media_type in FORM_TYPES and not json_only:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.strip().lower() not in ("utf-8", "utf8"):
            raise Problem(
                status=415,
                code="unsupported_media_type",
                message=f"Forms are read as UTF-8, and this is in '{charset[:40]}'.",
            )
        if media_type == FORM_TYPES[0]:
            _strict_utf8(unquote_to_bytes(request.body), "The form")
        try:
            return {name: request.POST[name] for name in request.POST}
        except MultiPartParserError as error:
            raise _bad_request(
                "bad_form", f"The form cannot be read: {error}."
            ) from None
    body = request.body
    if not body:
        return None
    if media_type != "application/json" and not json_only:
        shown = f"Content-Type '{media_type}'" if media_type else "No Content-Type"
        raise Problem(
            status=415,
            code="unsupported_media_type",
            message=(
                f"{shown} says nothing this site can read: send application/json or"
                " a form."
            ),
            headers={"Accept-Post": ", ".join(("application/json", *FORM_TYPES))},
        )
    text = _strict_utf8(body, "The JSON body")
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _bad_request(
            "bad_json", f"The body is not JSON: {error.msg} at {where}."
        ) from None
    except RecursionError:
        raise _bad_request("bad_json", "The JSON body is nested too deeply.") from None
    except ValueError:
        raise _bad_request("bad_json", "The JSON body has too long a number.") from None


def _refuse(constant: str) -> None:
    # Python's own; JSON has none of them (RFC 8259, section 6).
    raise _bad_request("bad_json", f"The body is not JSON: it holds {constant}.")


def _strict_utf8(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _bad_request(
            "invalid_utf8",
            f"{what} is not valid UTF-8: byte 0x{data[error.start]:02x}"
            f" at offset {error.start}.",
        ) from None


def _utf8(header: str) -> str:
    """Undo Django's reading of headers as latin-1; browsers send UTF-8 bytes."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _bad_request(code: str, message: str) -> Problem:
    return Problem(status=400, code=code, message=message)
