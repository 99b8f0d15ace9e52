"""Keys: made in the admin, shown once, limited, revoked; and what they open."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils import timezone

from streams.exceptions import Problem
from streams.models import ApiKey
from streams.serving.access import Asker, find_stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keeper(client):
    user = User.objects.create_superuser("olu")
    client.force_login(user)
    return user


def opens(secret, slug="hello"):
    """Tell how a nobody with that secret fares: `ok`, or the problem's status."""
    try:
        find_stream(slug, Asker(AnonymousUser, lambda: secret))
    except Problem as problem:
        return problem.status
    return "ok"


def make_key(client, **fields):
    values = {"name": "CI", "expires_0": "", "expires_1": ""} | fields
    return client.post(reverse("admin:streams_apikey_add"), values)


def test_a_new_key_is_shown_once_and_kept_as_a_digest(client, keeper, make_stream):
    make_stream(access="api-key")
    answer = make_key(client)
    key = ApiKey.objects.get()
    secret = answer.context["secret"]
    assert f'<code class="secret">{secret}</code>' in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in str(vars(key))
    change = client.get(reverse("admin:streams_apikey_change", args=[key.pk]))
    listed = client.get(reverse("admin:streams_apikey_changelist"))
    for page in (change, listed):
        assert secret not in page.content.decode()
        assert f"{secret[:8]}…" in page.content.decode()
    assert opens(secret) == "ok"


def test_a_name_may_change_and_the_key_stays(client, keeper, make_stream):
    make_stream(access="api-key")
    secret = make_key(client).context["secret"]
    key = ApiKey.objects.get()
    url = reverse("admin:streams_apikey_change", args=[key.pk])
    assert client.post(url, {"name": "CI, nightly"}).status_code == 302
    assert ApiKey.objects.get().name == "CI, nightly"
    assert opens(secret) == "ok"


def test_a_revoked_key_opens_nothing(client, keeper, make_stream):
    make_stream(access="api-key")
    secret = make_key(client).context["secret"]
    selected = {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk]}
    url = reverse("admin:streams_apikey_changelist")
    answer = client.post(url, selected, follow=True)
    assert "1 key revoked." in answer.content.decode()
    assert "Revoked" in answer.content.decode()
    assert opens(secret) == 401


def test_a_key_that_expired_opens_nothing(make_stream):
    make_stream(access="api-key")
    now = timezone.now()
    _, secret = ApiKey.issue("old", expires=now - timedelta(seconds=1))
    assert opens(secret) == 401
    _, secret = ApiKey.issue("new", expires=now + timedelta(days=1))
    assert opens(secret) == "ok"


def test_a_limited_key_opens_what_it_names_and_nothing_else(make_stream):
    named = make_stream(slug="named", access="signed-in")
    make_stream(slug="other", access="api-key")
    _, secret = ApiKey.issue("limited", named)
    assert opens(secret, "named") == "ok"
    assert opens(secret, "other") == 403
    assert [s.slug for s in Asker(AnonymousUser, lambda: secret).streams()] == ["named"]


def test_a_limited_key_stays_so_when_its_streams_are_gone(make_stream):
    gone = make_stream(slug="gone", access="api-key")
    make_stream(slug="other", access="api-key")
    _, secret = ApiKey.issue("limited", gone)
    gone.delete()
    assert opens(secret, "other") == 403
    assert not Asker(AnonymousUser, lambda: secret).streams()


def test_choosing_streams_in_the_form_limits_the_key(client, keeper, make_stream):
    named = make_stream(slug="named", access="api-key")
    make_stream(slug="other", access="api-key")
    secret = make_key(client, streams=[named.pk]).context["secret"]
    assert ApiKey.objects.get().limited
    assert (opens(secret, "named"), opens(secret, "other")) == ("ok", 403)


def test_no_key_opens_a_draft(make_stream):
    draft = make_stream(published=False, access="api-key")
    _, secret = ApiKey.issue("limited", draft)
    assert opens(secret) == 404
    assert not Asker(AnonymousUser, lambda: secret).streams()


def test_a_key_without_names_opens_only_what_is_for_holders_of_one(make_stream):
    make_stream(slug="users", access="signed-in")
    make_stream(slug="keys", access="api-key")
    make_stream(slug="all")
    _, secret = ApiKey.issue("any")
    fares = {slug: opens(secret, slug) for slug in ("users", "keys", "all")}
    assert fares == {"users": 401, "keys": "ok", "all": "ok"}


async def test_the_same_key_opens_the_events(make_stream, play):
    from asgiref.sync import sync_to_async

    await sync_to_async(make_stream)("secret", access="api-key")
    _, secret = await sync_to_async(ApiKey.issue)("any")
    refused = await play("hello/events")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="streams"'
    assert "No API key was sent" in refused.problem["detail"]
    headers = {"Authorization": f"Bearer {secret}"}
    played = await play("hello/events", headers=headers)
    assert played.text == "secret"
    assert played.headers["Cache-Control"] == "no-store"
