"""Keys for programs, as the vendors' SDKs send them."""

import hashlib
import secrets
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from streams.models.stream import Stream

PREFIX = "dss-"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self) -> "ApiKeyQuerySet":
        """Return the keys that open something now."""
        still = models.Q(expires=None) | models.Q(expires__gt=timezone.now())
        return self.filter(still, revoked=None)

    def with_secret(self, secret: str) -> "ApiKey | None":
        """Return the valid key that this is, if it is one."""
        if not secret.startswith(PREFIX):
            return None
        return self.valid().filter(digest=digest_of(secret)).first()


class ApiKey(models.Model):
    """A secret that opens streams. Only its digest is kept."""

    name = models.CharField(
        _("holder"), max_length=200, help_text=_("Who or what uses it.")
    )
    # SHA-256 is enough: the secret has 256 bits of chance, not a person's choice.
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    hint = models.CharField(_("begins with"), max_length=16, editable=False)
    streams = models.ManyToManyField(
        Stream,
        blank=True,
        related_name="api_keys",
        verbose_name=_("streams"),
        help_text=_("What a limited key opens."),
    )
    # A choice of its own: a stream that is deleted must not leave a key unlimited.
    limited = models.BooleanField(
        _("limited"),
        default=False,
        help_text=_(
            "Opens the streams chosen here and no others. Otherwise it opens every"
            " published stream for holders of a key."
        ),
    )
    # Not every player may stop what others play.
    may_control = models.BooleanField(
        _("may control runs"),
        default=False,
        help_text=_(
            "Holds, steps, stops and drops what plays of the streams it opens, and of"
            " those open to everybody unless it is limited; for tests."
        ),
    )
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def issue(cls, name: str, *streams: Stream, **values: Any) -> tuple["ApiKey", str]:
        """Make a key; return it with its secret, which nobody can show again.

        It is limited to the streams, if there are any.
        """
        key = cls(name=name, limited=bool(streams), **values)
        secret = key.renew()
        key.save()
        key.streams.set(streams)
        return key, secret

    def renew(self) -> str:
        """Give the key a secret, not saved yet, and return it."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self.digest, self.hint = digest_of(secret), secret[:8]
        return secret

    def opens(self, stream: Stream) -> bool:
        """Tell whether a published stream may be played with it."""
        if self.limited:
            return self.streams.filter(pk=stream.pk).exists()
        return stream.access == Stream.Access.API_KEY

    def controls(self, stream: Stream) -> bool:
        """Tell whether a stream's runs may be held and stopped with it."""
        if not (self.may_control and stream.published):
            return False
        public = stream.access == Stream.Access.PUBLIC and not self.limited
        return public or self.opens(stream)

    def revoke(self) -> None:
        """Make it open nothing, from now on and for good."""
        self.revoked = timezone.now()
        self.save(update_fields=["revoked"])


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
