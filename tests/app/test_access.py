"""Who may play what."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sign_in(async_client):
    async def sign_in(*permissions, name="mei"):
        user = await User.objects.acreate(username=name)
        for codename in permissions:
            permission = await Permission.objects.aget(codename=codename)
            await user.user_permissions.aadd(permission)
        await async_client.aforce_login(user)
        return user

    return sign_in


async def test_a_draft_looks_like_nothing_to_outsiders(make_stream, play, sign_in):
    await sync_to_async(make_stream)(slug="draft", published=False)
    drafted, missing = await play("draft/events"), await play("draftt/events")
    assert (drafted.status, missing.status) == (404, 404)
    assert drafted.problem["detail"] == "No stream 'draft'."
    assert missing.problem["detail"] == "No stream 'draftt'."
    await sign_in()
    assert (await play("draft/events")).status == 404


async def test_a_draft_plays_for_whoever_may_view_streams(make_stream, play, sign_in):
    await sync_to_async(make_stream)("Draft", slug="draft", published=False)
    await sign_in("view_stream")
    played = await play("draft/events")
    assert played.text == "Draft"
    assert played.headers["Cache-Control"] == "no-store"


async def test_a_stream_for_signed_in_people(make_stream, play, sign_in):
    await sync_to_async(make_stream)("Hi", access="signed-in")
    refused = await play("hello/events")
    assert refused.status == 401
    assert refused.problem["detail"] == (
        "Stream 'hello' is for people who are signed in: sign in first."
    )
    await sign_in()
    assert (await play("hello/events")).text == "Hi"


async def test_a_stream_for_people_with_the_permission(make_stream, play, sign_in):
    await sync_to_async(make_stream)("Hi", access="permission")
    assert (await play("hello/events")).status == 401
    user = await sign_in()
    refused = await play("hello/events")
    assert refused.status == 403
    assert "'Can view stream'" in refused.problem["detail"]
    await user.user_permissions.aadd(
        await Permission.objects.aget(codename="view_stream")
    )
    assert (await play("hello/events")).text == "Hi"


async def test_hidden_streams_are_not_suggested(make_stream, play):
    await sync_to_async(make_stream)(slug="secret", access="permission")
    assert (await play("secrets/events")).problem["detail"] == "No stream 'secrets'."
