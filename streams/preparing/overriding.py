"""The script that a request asks for, in the place of the one its stream would play."""

from django.db.models import Q

from streams.core.hurry import may_take_time
from streams.core.parameters import shown
from streams.exceptions import Problem
from streams.formats.call import Call
from streams.models import Script, Stream
from streams.models.rule import RuleScript

MOST_NAMED = 20
"""Most scripts that an error names."""

LONGEST_SLUG = 100


def script_asked_for(stream: Stream, call: Call) -> Script | None:
    """Return the script that a call names; raise Problem for one it may not have.

    It may have those that anybody may hear: what the stream and its rules play,
    disabled rules too, and what is played by streams open to everybody.
    """
    asked = call.overrides.get("script")
    if asked is None:
        return None
    if not stream.allow_script:
        raise Problem(
            status=403,
            code="script_not_permitted",
            message=(
                f"Stream '{stream.slug}' lets no caller choose its script, and this"
                f" call has {shown('script', asked)}. Whoever edits the stream can"
                " permit it: tick 'Callers may choose the script' in the admin, or"
                " write `allow_script: true` into its file."
            ),
            param="script",
        )
    may_take_time()
    permitted = Script.objects.filter(
        Q(pk=stream.script_id)
        | Q(pk__in=RuleScript.objects.filter(rule__stream=stream).values("script"))
        | Q(pk__in=Stream.objects.listed().values("script"))
    )
    # PostgreSQL refuses NUL with an error, and no slug has one.
    slug = asked.replace("\0", " ")[: LONGEST_SLUG + 1]
    found = permitted.filter(slug=slug).first()
    if found is None:
        slugs = permitted.order_by("slug").values_list("slug", flat=True)
        some = list(slugs[: MOST_NAMED + 1])
        more = ", …" if len(some) > MOST_NAMED else ""
        raise Problem(
            status=404,
            code="script_not_found",
            message=(
                f"{shown('script', asked)} is none that a caller of stream"
                f" '{stream.slug}' may choose: {', '.join(some[:MOST_NAMED])}{more}."
                " Whoever edits the stream can add one to a rule of it, enabled or not."
            ),
            param="script",
        )
    return found
