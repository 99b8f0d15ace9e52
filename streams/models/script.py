"""What is said: scripts, and every state they were in."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from streams.conf import conf
from streams.core.cache import WeightedCache
from streams.core.script import CueSheet, compile_script, digest, normalise
from streams.exceptions import ScriptError
from streams.formats.call import Call
from streams.models.entry import Entry
from streams.rendering import compile_template, render_script

_sheets: WeightedCache[CueSheet] = WeightedCache(
    8_000_000, lambda sheet: sheet.weight, shared=True
)

PREFIX_LENGTH = 16
"""Hexadecimal digits of a digest that event ids carry."""


class Rendering(models.TextChoices):
    LITERAL = "literal", _("Literal")
    TEMPLATE = "template", _("Template")


class Content(models.Model):
    """A body and how it is rendered: all that decides what is said."""

    body = models.TextField(
        _("body"),
        blank=True,
        help_text=_(
            "Markdown. A pause is a comment: <code>&lt;!-- stream: pause 800ms"
            " --&gt;</code>; on a line of its own it leaves no blank line."
        ),
    )
    rendering = models.CharField(
        _("rendering"),
        max_length=16,
        choices=Rendering,
        default=Rendering.LITERAL,
        help_text=_(
            "A literal script is said as it stands. A template knows"
            " <code>{{ prompt }}</code>, <code>{{ messages }}</code>,"
            " <code>{{ turn }}</code> and, as <code>{{ params.name }}</code>, all else"
            " that the query or the form holds."
        ),
    )

    class Meta:
        abstract = True

    def content_digest(self) -> str:
        """Return the digest of what the row holds now, however it came there."""
        made: tuple[str, str, str] | None = self.__dict__.get("_digest")
        if made and made[0] is self.body and made[1] == self.rendering:
            return made[2]
        found = digest(self.body, self.rendering)
        self.__dict__["_digest"] = (self.body, self.rendering, found)
        return found

    def compile(self, call: Call) -> CueSheet:
        """Return what is said to a caller; raise ScriptError where that fails."""
        if self.rendering == Rendering.TEMPLATE:
            return render_script(self.body, call)
        return _sheets.get(self.content_digest(), lambda: compile_script(self.body))


class ScriptQuerySet(models.QuerySet["Script"]):
    def with_facts(self) -> "ScriptQuerySet":
        """Add what list pages show, and leave the bodies in the database."""
        return self.defer("body", "notes").annotate(
            length=Length("body"),
            stream_count=models.Count("streams", distinct=True),
            revision_count=models.Count("revisions", distinct=True),
        )


class Script(Content, Entry):  # noqa: DJ008  (Entry has __str__)
    """A canned reply. Saving it records a revision when its content changed."""

    objects = ScriptQuerySet.as_manager()

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ["title"]
        permissions = [("emit_bytes", _("Can write scripts that emit bytes"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rendering__in=Rendering.values),
                name="streams_script_rendering_known",
            )
        ]

    def save(
        self,
        *args: Any,
        author: Any = None,
        reason: str = "",
        **kwargs: Any,
    ) -> None:
        """Save; `author` and `reason` go into the revision, if there is a new one."""
        self.body = normalise(self.body)
        with transaction.atomic():
            super().save(*args, **kwargs)
            self.record_revision(author=author, reason=reason)

    def clean(self) -> None:
        self.body = normalise(self.body)
        longest = conf.max_script_chars
        if len(self.body) > longest:
            message = _(
                "A script has at most %(longest)d characters; this has %(now)d."
            )
            values = {"longest": longest, "now": len(self.body)}
            raise ValidationError({"body": ValidationError(message, params=values)})
        try:
            if self.rendering == Rendering.TEMPLATE:
                compile_template(self.body)
            else:
                compile_script(self.body)
        except ScriptError as error:
            # The message is formatted with the parameters: those tell the form.
            what = str(error).replace("%", "%%")
            failure = ValidationError(what, params={"line": error.line or 0})
            raise ValidationError({"body": failure}) from None

    def record_revision(self, *, author: Any = None, reason: str = "") -> "Revision":
        """Return the revision of the current content, recorded now if it is new.

        It is new if the last revision differs, so going back to an earlier text makes
        a revision too: the history stays true.
        """
        content = self.content_digest()
        for _attempt in range(5):
            last = self.revisions.order_by("-number").first()
            if last and last.digest == content:
                return last
            revision = Revision(
                script=self,
                number=last.number + 1 if last else 1,
                body=self.body,
                rendering=self.rendering,
                digest=content,
                author=author,
                reason=reason,
            )
            # Another process may take the number in this moment.
            with suppress(IntegrityError), transaction.atomic():
                revision.save()
                return revision
        raise IntegrityError(f"no free revision number for script {self.slug}")


class RevisionQuerySet(models.QuerySet["Revision"]):
    def with_prefix(self, prefix: str) -> "RevisionQuerySet":
        """Return the revisions whose digest begins so.

        A range, since LIKE needs an index of its own on some databases; "g" comes
        after every hexadecimal digit.
        """
        return self.filter(digest__gte=prefix, digest__lt=f"{prefix}g")


class Revision(Content):
    """One immutable state of a script."""

    script = models.ForeignKey(
        Script, models.CASCADE, related_name="revisions", verbose_name=_("script")
    )
    number = models.PositiveIntegerField(_("number"))
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["script", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["script", "number"], name="streams_revision_number_once"
            )
        ]
        indexes = [models.Index(fields=["digest"], name="streams_revision_digest")]

    def __str__(self) -> str:
        return f"{self.script} #{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A revision never changes. Save the script instead.")
        super().save(*args, **kwargs)
