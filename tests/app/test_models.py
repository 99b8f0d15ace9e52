"""Scripts, revisions, streams: what the database holds and refuses."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from hypothesis import HealthCheck, given, settings

from streams.core.parameters import PARAMETERS
from streams.formats.call import Call
from streams.models import Script, Stream
from tests.texts import hostile_file

pytestmark = pytest.mark.django_db


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=100,
)
@given(hostile_file())
def test_whatever_a_file_brings_is_stored_and_comes_back(db, text):
    script = Script(slug="s", title="S", body=text.replace("<!-- stream", ""))
    with transaction.atomic():
        script.save()
        stored = Script.objects.get(pk=script.pk)
        assert stored.body == script.body
        assert "\r" not in stored.body
        assert "\0" not in stored.body
        transaction.set_rollback(True)


def test_saving_records_a_revision_when_the_content_changed():
    mei = User.objects.create(username="mei")
    script = Script.objects.create(slug="s", title="S", body="one")
    script.title = "Another title"
    script.save()
    script.body = "two"
    script.save(author=mei, reason="Better")
    script.rendering = "template"
    script.save()
    recorded = script.revisions.order_by("number")
    assert [(r.number, r.body, r.rendering) for r in recorded] == [
        (1, "one", "literal"),
        (2, "two", "literal"),
        (3, "two", "template"),
    ]
    assert (recorded[1].author, recorded[1].reason) == (mei, "Better")


def test_going_back_to_an_earlier_text_is_a_revision_too():
    script = Script.objects.create(slug="s", title="S", body="one")
    for body in ("two", "one"):
        script.body = body
        script.save()
    digests = list(script.revisions.order_by("number").values_list("digest", flat=True))
    assert len(digests) == 3
    assert digests[0] == digests[2] != digests[1]


def test_a_revision_never_changes():
    revision = Script.objects.create(slug="s", title="S", body="x").revisions.get()
    revision.body = "y"
    with pytest.raises(TypeError, match="A revision never changes"):
        revision.save()


def test_a_script_in_use_cannot_be_deleted(make_stream):
    with pytest.raises(ProtectedError):
        make_stream().script.delete()


RANGED = {
    "chunk_size": "chunk_size",
    "delay_ms": "delay_ms",
    "ttft_ms": "ttft_ms",
    "jitter_percent": "jitter_percent",
    "seed": "seed",
    "retry_ms": "retry_ms",
    "heartbeat_s": "heartbeat_s",
    "max_speed": "speed",
}


@pytest.mark.parametrize("field", RANGED)
def test_ranges_are_kept_by_validators_and_by_the_database(make_stream, field):
    stream = make_stream()
    parameter = PARAMETERS[RANGED[field]]
    for good in (parameter.lowest, parameter.highest):
        setattr(stream, field, good)
        stream.full_clean()
        stream.save()
    for bad in (parameter.lowest - 1, parameter.highest + 1):
        setattr(stream, field, bad)
        with pytest.raises(ValidationError) as caught:
            stream.full_clean(validate_constraints=False)
        assert field in caught.value.message_dict
        with pytest.raises(IntegrityError), transaction.atomic():
            Stream.objects.filter(pk=stream.pk).update(**{field: bad})


def test_unknown_units_and_renderings_are_refused_by_the_database(make_stream):
    stream = make_stream()
    with pytest.raises(IntegrityError), transaction.atomic():
        Stream.objects.filter(pk=stream.pk).update(unit="byte")
    with pytest.raises(IntegrityError), transaction.atomic():
        Script.objects.update(rendering="jinja")


@pytest.mark.parametrize(
    ("body", "rendering", "message"),
    [
        ("a\n<!-- stream: pause 2 sec -->", "literal", "Line 2: 'pause 2 sec' has no"),
        ("a\n\n{% if x %}", "template", "Line 3: Unclosed tag"),
        ("{% load static %}", "template", "Line 1: the tag 'load' is not available"),
        ("x" * 1_000_001, "literal", "at most 1000000 characters; this has 1000001"),
    ],
)
def test_a_script_that_cannot_be_played_is_a_form_error(body, rendering, message):
    script = Script(slug="s", title="S", body=body, rendering=rendering)
    with pytest.raises(ValidationError) as caught:
        script.full_clean()
    assert message in str(caught.value.message_dict["body"])


def test_estimates(make_stream):
    stream = make_stream("abc<!-- stream: pause 1s -->", delay_ms=100, ttft_ms=500)
    estimate = stream.estimate()
    assert (estimate.chunks, round(estimate.duration, 6)) == (3, 1.7)
    Script.objects.update(body="<!-- stream: jump -->")
    assert Stream.objects.get().estimate() is None


def test_the_plan_is_not_made_anew_for_a_script_seen_before(make_stream):
    stream = make_stream("Something to split")
    first, _ = stream.plan(stream.script, Call(), seed=1)
    again, _ = Stream.objects.get().plan(Script.objects.get(), Call(), seed=1)
    assert first.steps is again.steps
