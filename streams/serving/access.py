"""Who asks, and which streams they may play."""

import difflib
import hashlib
import re
from collections.abc import Callable
from functools import cached_property

from django.db.models import Q

from streams.conf import conf
from streams.core.hurry import may_take_time
from streams.exceptions import Problem
from streams.models import ApiKey, Stream
from streams.models.entry import User
from streams.models.stream import StreamQuerySet
from streams.preparing.lookup import stream_by_slug

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,100}")

MOST_NAMED = 20
"""Most streams that an error names."""


class Asker:
    """Whoever made a request. Looked up where it matters only: a public stream costs
    neither a session nor a query for a key."""

    def __init__(
        self,
        get_user: Callable[[], User],
        get_credential: Callable[[], str] = str,
        *,
        sessions: bool = True,
    ) -> None:
        self._get_user = get_user
        self.sessions = sessions
        """Whether a user could be known where they asked."""
        self._get_credential = get_credential

    @cached_property
    def credential(self) -> str:
        """What a program sent as its key, whether it is one or not."""
        return self._get_credential()

    @cached_property
    def user(self) -> User:
        may_take_time()
        return self._get_user()

    @cached_property
    def key(self) -> ApiKey | None:
        may_take_time()
        return ApiKey.objects.with_secret(self.credential) if self.credential else None

    @cached_property
    def workspace(self) -> str:
        """Name what they keep with us: whoever shows the same key sees the same.

        All who show neither a key nor a session share one workspace, ''.
        """
        if self.credential:
            owner = f"key {self.credential}"
        elif self.user.is_authenticated:
            owner = f"user {self.user.pk}"
        else:
            return ""
        return hashlib.sha256(owner.encode()).hexdigest()[:32]

    @property
    def may_view(self) -> bool:
        """Tell whether this is somebody who may play anything, drafts too."""
        return self.user.is_active and self.user.has_perm("streams.view_stream")

    def streams(self) -> StreamQuerySet:
        """Return the published streams that they may play, as API clients list them."""
        found = Stream.objects.playable_by(self.user).published()
        if self.key is None:
            return found
        chosen = Q(api_keys=self.key)
        if not self.key.limited:
            chosen = Q(access=Stream.Access.API_KEY)
        more = Stream.objects.published().filter(chosen)
        return Stream.objects.filter(Q(pk__in=found) | Q(pk__in=more))


def find_stream(slug: str, asker: Asker) -> Stream:
    """Return the stream at `slug` if they may play it; raise Problem if not.

    A draft answers outsiders exactly as a stream that does not exist.
    """
    stream = _named(slug)
    if stream is None:
        raise _not_found(slug)
    authorise(stream, asker)
    return stream


def stream_named(slug: str) -> Stream:
    """Return the stream at `slug`, whoever may play it; raise Problem without one."""
    stream = _named(slug)
    if stream is None:
        raise _not_found(slug)
    return stream


def find_model(name: str, asker: Asker) -> Stream:
    """Return the stream that an API client names as its model.

    Names of models that are none of ours go to the site's default stream, if it has
    one; else raise Problem with the names there are.
    """
    stream = _named(name)
    if stream is None or not _known(stream, asker):
        stream = _named(conf.default_stream or "")
    if stream is None or not _known(stream, asker):
        may_take_time()
        named = [one.slug for one in asker.streams()[: MOST_NAMED + 1]]
        known = ", ".join(named[:MOST_NAMED]) or "none is published"
        more = ", …" if len(named) > MOST_NAMED else ""
        raise Problem(
            status=404,
            code="model_not_found",
            message=(
                f"The model '{name[:100]}' does not exist: a model is a published"
                f" stream. Known: {known}{more}."
            ),
            param="model",
        )
    authorise(stream, asker)
    return stream


def _known(stream: Stream, asker: Asker) -> bool:
    """Tell whether they may know that there is such a stream."""
    return stream.published or asker.may_view


def authorise(stream: Stream, asker: Asker) -> None:
    """Raise Problem unless they may play the stream."""
    access = Stream.Access
    if stream.published and stream.access == access.PUBLIC:
        return
    if stream.published and asker.key and asker.key.opens(stream):
        return
    if asker.may_view:
        return
    if not stream.published:
        raise _not_found(stream.slug)
    if stream.access == access.SIGNED_IN and asker.user.is_authenticated:
        return
    if stream.access == access.API_KEY:
        raise _key_problem(stream, asker)
    if not asker.sessions:
        raise Problem(
            status=403,
            code="no_sessions",
            message=(
                f"Stream '{stream.slug}' is for people who are signed in, and this"
                " address is served without sessions. Send an API key; or take the"
                " address out of `short`, where the site calls direct()."
            ),
        )
    if not asker.user.is_authenticated:
        raise Problem(
            status=401,
            code="sign_in_required",
            message=(
                f"Stream '{stream.slug}' is for people who are signed in: sign in"
                " first."
            ),
            headers={"WWW-Authenticate": 'Session realm="streams"'},
        )
    raise Problem(
        status=403,
        code="permission_required",
        message=(
            f"Stream '{stream.slug}' is for users with the permission 'Can view"
            " stream': ask an administrator for it."
        ),
    )


def _key_problem(stream: Stream, asker: Asker) -> Problem:
    if asker.key:
        return Problem(
            status=403,
            code="permission_required",
            message=f"This API key does not open stream '{stream.slug}'.",
        )
    sent = "No API key was sent"
    if asker.credential:
        sent = f"'{asker.credential[:8]}…' is no API key of this site, or no longer"
    return Problem(
        status=401,
        code="invalid_api_key",
        message=(
            f"{sent}: stream '{stream.slug}' is for holders of one. Its owner makes"
            " keys in the admin, under API keys."
        ),
        headers={"WWW-Authenticate": 'Bearer realm="streams"'},
    )


def _named(slug: str) -> Stream | None:
    # What is no slug is not for the database: PostgreSQL refuses NUL with an error.
    if not _SLUG.fullmatch(slug):
        return None
    return stream_by_slug(slug)


def _not_found(slug: str) -> Problem:
    if _SLUG.fullmatch(slug):
        message = f"No stream '{slug}'."
    else:
        message = "No stream has such a name."
    may_take_time()
    listed = list(Stream.objects.listed().values_list("slug", flat=True))
    if near := difflib.get_close_matches(slug, listed, n=1):
        message += f" Did you mean '{near[0]}'?"
    return Problem(status=404, code="stream_not_found", message=message, param="slug")
