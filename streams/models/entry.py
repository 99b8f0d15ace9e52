"""What scripts and streams have in common."""

from typing import Any, Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _


class User(Protocol):
    """What the app asks of a site's users, anonymous ones included."""

    is_active: bool
    pk: Any

    @property
    def is_authenticated(self) -> bool:
        """Tell whether somebody signed in."""

    def has_perm(self, perm: str) -> bool:
        """Tell whether they may."""


class Entry(models.Model):
    """Something with an address and a name, which editors keep in order."""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=200)
    tags = models.CharField(
        _("tags"), max_length=200, blank=True, help_text=_("Separated by commas.")
    )
    notes = models.TextField(
        _("notes"), blank=True, help_text=_("For editors; viewers never see them.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title
