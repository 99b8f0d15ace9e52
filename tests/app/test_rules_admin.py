"""Rules in the admin: on their stream's page, in order, and explained."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from streams.models import Counter, Fault, Rule, Script
from tests.app.rules import make_rule, make_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(make_stream):
    return make_stream("default", published=False)


@pytest.fixture
def editor(client):
    """Sign in somebody who may edit, but not publish."""
    user = User.objects.create(username="mei", is_staff=True)
    names = [f"{v}_{m}" for v in ("view", "change") for m in ("script", "stream")]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def change_url(stream):
    return reverse("admin:streams_stream_change", args=[stream.pk])


class Page:
    """The fields of a stream's page, as a browser without scripts would send them."""

    def __init__(self, client, stream):
        self.client, self.url = client, change_url(stream)
        response = client.get(self.url)
        self.text = response.content.decode()
        self.fields = {}
        admin_form = response.context["adminform"].form
        formsets = [one.formset for one in response.context["inline_admin_formsets"]]
        forms = [admin_form]
        for formset in formsets:
            forms += [formset.management_form, *formset.initial_forms]
        for form in forms:
            for bound in form:
                value = bound.value()
                if isinstance(value, bool):
                    value = "on" if value else None
                if value is not None:
                    self.fields[bound.html_name] = value

    def add(self, **values):
        """Fill in one more rule."""
        number = int(self.fields["rules-TOTAL_FORMS"])
        self.fields["rules-TOTAL_FORMS"] = number + 1
        defaults = {
            "prompt_test": "contains",
            "counted": "calls",
            "then": "repeat-last",
        }
        for name, value in (defaults | {"enabled": "on"} | values).items():
            self.fields[f"rules-{number}-{name}"] = value

    def post(self, button="_continue", value="1"):
        return self.client.post(self.url, self.fields | {button: value})


def titles(stream):
    rules = stream.rules.order_by("order")
    assert [rule.order for rule in rules] == list(range(1, len(rules) + 1))
    return [rule.title for rule in rules]


def scripts(rule):
    return [part.script.slug for part in rule.parts.order_by("order")]


def test_a_rule_is_added_on_the_page_of_its_stream(client, editor, stream):
    one, two = make_script("one"), make_script("two")
    page = Page(client, stream)
    page.add(title="Story", prompt_text="go on", sequence=[two.pk, one.pk, "", two.pk])
    assert page.post().status_code == 302
    rule = Rule.objects.get()
    assert (rule.title, rule.prompt_text, rule.order) == ("Story", "go on", 1)
    assert scripts(rule) == ["two", "one", "two"]
    # What the page shows is what it would save again, and in another order.
    page = Page(client, stream)
    assert page.fields["rules-0-sequence"] == [str(s.pk) for s in (two, one, two)]
    shown = re.findall(r'value="(\d+)"[^>]* selected', page.text)
    assert [shown.count(str(s.pk)) for s in (one, two)] == [1, 2]
    page.fields["rules-0-sequence"] = [one.pk, two.pk]
    page.post()
    assert scripts(Rule.objects.get()) == ["one", "two"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"prompt_test": "regex", "prompt_text": "(a"}, "This is no regex: missing )"),
        (
            {"prompt_test": "regex", "prompt_text": "((a{999}){999}){999}"},
            "it repeats too much",
        ),
        ({"turns": "soon"}, "is no number that can be read: write `1`"),
        ({"calls": "3-1"}, "is empty: write `1-3`"),
        ({"header_value": "x"}, "Name what is to have this value."),
        ({"title": "Default"}, "says that no rule won"),
        ({"title": "override"}, "says that no rule won"),
        ({"title": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_no_text_is_lost(
    client, editor, stream, values, said
):
    page = Page(client, stream)
    page.fields["notes"] = "unsaved notes"
    page.add(**{"title": "R", "system_text": "my text"} | values)
    text = page.post().content.decode()
    assert said in text
    assert "unsaved notes" in text
    assert 'value="my text"' in text
    assert not Rule.objects.exists()


def test_a_title_names_one_rule(client, editor, stream):
    make_rule(stream, "Same")
    page = Page(client, stream)
    page.add(title="Same")
    assert "correct the" in page.post().content.decode()


def test_the_fault_of_a_rule_is_its_streams(client, editor, stream, make_stream):
    own = Fault.objects.create(stream=stream, title="own", kind="drop")
    foreign = Fault.objects.create(
        stream=make_stream("x", "other"), title="foreign", kind="drop"
    )
    page = Page(client, stream)
    page.add(title="R", fault=foreign.pk)
    assert "Select a valid choice" in page.post().content.decode()
    page = Page(client, stream)
    page.add(title="R", fault=own.pk)
    assert page.post().status_code == 302
    assert Rule.objects.get().fault == own


def test_buttons_move_a_rule_and_save_what_was_written(client, editor, stream):
    first, second, third = (make_rule(stream, title) for title in "ABC")
    page = Page(client, stream)
    assert f'value="{third.pk} up"' in page.text
    page.fields["rules-0-title"] = "A, renamed"
    page.fields["notes"] = "written meanwhile"
    response = page.post("_move", f"{third.pk} up")
    assert response.status_code == 302
    assert response.url.endswith("#rules-group")
    assert titles(stream) == ["A, renamed", "C", "B"]
    stream.refresh_from_db()
    assert stream.notes == "written meanwhile"
    Page(client, stream).post("_move", f"{first.pk} down")
    assert titles(stream) == ["C", "A, renamed", "B"]
    # Beyond the ends there is no place.
    Page(client, stream).post("_move", f"{third.pk} up")
    Page(client, stream).post("_move", f"{second.pk} down")
    Page(client, stream).post("_move", "nonsense up")
    assert titles(stream) == ["C", "A, renamed", "B"]
    # An error moves nothing, and loses nothing.
    page = Page(client, stream)
    page.fields["rules-0-title"] = ""
    page.fields["rules-1-prompt_text"] = "typed"
    text = page.post("_move", f"{second.pk} up").content.decode()
    assert 'value="typed"' in text
    assert titles(stream) == ["C", "A, renamed", "B"]


def test_the_enter_key_saves(client, editor, stream):
    """A browser presses the first button of a form, which must not move a rule."""
    make_rule(stream, "A")
    text = Page(client, stream).text
    form = text[text.index('id="stream_form"') :]
    first = re.search(r'<(?:input|button)[^>]*type="submit"[^>]*>', form)[0]
    assert 'name="_save"' in first


def test_a_number_moves_a_rule_too(client, editor, stream):
    for title in "ABCD":
        make_rule(stream, title)
    page = Page(client, stream)
    page.fields["rules-3-order"] = 1
    page.post()
    assert titles(stream) == list("DABC")
    page = Page(client, stream)
    page.fields["rules-0-order"] = 3
    page.post()
    assert titles(stream) == list("ABDC")
    page = Page(client, stream)
    page.fields["rules-0-order"] = ""
    page.fields["rules-1-DELETE"] = "on"
    page.add(title="E")
    page.post()
    assert titles(stream) == list("DCAE")


def test_rules_of_a_published_stream_are_a_publishers(client, editor, stream):
    """A rule says a script, and any draft could be made public by way of it."""
    make_rule(stream, "A", "one")
    stream.published = True
    stream.save()
    page = Page(client, stream)
    assert "_move" not in page.text
    assert 'name="rules-0-title"' not in page.text
    assert "one" in page.text
    page.fields["rules-0-title"] = "B"
    page.add(title="New", sequence=[make_script("secret").pk])
    page.post()
    assert titles(stream) == ["A"]
    assert scripts(Rule.objects.get()) == ["one"]
    right = Permission.objects.get(codename="publish_stream")
    editor.user_permissions.add(right)
    page = Page(client, stream)
    page.fields["rules-0-title"] = "B"
    page.post()
    assert titles(stream) == ["B"]


def test_who_may_only_look_sees_the_rules(client, editor, stream):
    make_rule(stream, "A", "one", "two", prompt_text="hello")
    editor.user_permissions.set(Permission.objects.filter(codename="view_stream"))
    text = client.get(change_url(stream)).content.decode()
    assert "one → two" in text
    assert "_move" not in text


def test_a_copy_has_the_rules_and_the_faults_of_its_original(
    client, admin_client, stream
):
    fault = Fault.objects.create(stream=stream, title="down", kind="drop")
    make_rule(stream, "A", "one", "two", calls="1-2", fault=fault)
    make_rule(stream, "B", turns="2")
    url = reverse("admin:streams_stream_duplicate", args=[stream.pk])
    admin_client.post(url)
    copy = type(stream).objects.exclude(pk=stream.pk).get()
    assert titles(copy) == titles(stream) == ["A", "B"]
    first = copy.rules.get(title="A")
    assert (scripts(first), first.calls) == (["one", "two"], "1-2")
    assert first.fault != fault
    assert (first.fault.stream, first.fault.title) == (copy, "down")


def test_a_stream_is_deleted_with_its_rules_and_a_fault_is_not_from_under_one(
    admin_client, stream
):
    fault = Fault.objects.create(stream=stream, title="down", kind="drop")
    make_rule(stream, "A", "one", fault=fault)
    page = Page(admin_client, stream)
    page.fields["faults-0-DELETE"] = "on"
    assert "protected" in page.post().content.decode()
    assert Fault.objects.exists()
    url = reverse("admin:streams_stream_delete", args=[stream.pk])
    admin_client.post(url, {"post": "yes"})
    assert not Rule.objects.exists()
    # The script is still there, and no longer kept by anything.
    Script.objects.get(slug="one").delete()


def test_a_script_that_a_rule_says_is_not_deleted(admin_client, stream):
    rule = make_rule(stream, "A", "one")
    script = rule.parts.get().script
    url = reverse("admin:streams_script_delete", args=[script.pk])
    assert admin_client.post(url, {"post": "yes"}).status_code in (200, 403)
    assert scripts(rule) == ["one"]


def test_a_script_that_a_rule_says_is_in_use(admin_client, stream):
    make_rule(stream, "A", "said-by-a-rule")
    make_script("unused")
    listing = reverse("admin:streams_script_changelist")
    used = admin_client.get(listing, {"used": "yes"}).content.decode()
    unused = admin_client.get(listing, {"used": "no"}).content.decode()
    assert ("said-by-a-rule" in used, "said-by-a-rule" in unused) == (True, False)
    assert ("unused" in used, ">unused<" in unused) == (False, True)
    script = Script.objects.get(slug="said-by-a-rule")
    page = admin_client.get(reverse("admin:streams_script_change", args=[script.pk]))
    assert reverse("streams:stream", args=["hello"]) in page.content.decode()


# Explain


def explain(client, stream, **fields):
    url = reverse("admin:streams_stream_explain", args=[stream.pk])
    response = client.post(url, {"turn": 1} | fields)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_page_explains_the_choice(client, editor, stream):
    fault = Fault.objects.create(stream=stream, title="flaky", kind="drop")
    make_rule(stream, "Twice", calls="1-2", fault=fault)
    make_rule(stream, "Turn", "one", turns="2")
    make_rule(stream, "Header", "one", "two", header_name="X-A")
    make_rule(stream, "Below", "below")
    page = client.get(change_url(stream)).content.decode()
    url = reverse("admin:streams_stream_explain", args=[stream.pk])
    assert url in page
    assert "Nothing is played" in client.get(url).content.decode()
    text = explain(client, stream, headers="X-A=1\nX-B = 2", call=5)
    assert "This is call 5 of its session, not 1-2." in text
    assert "This is turn 1 of the conversation, not 2." in text
    assert "The rule “Header” won." in text
    assert "Of its scripts it is number 2 of 2." in text
    assert "Not asked: one above it won" in text
    text = explain(client, stream)
    assert "It would be call 1 of its session." in text
    assert "It brings the fault “flaky”." in text
    assert not Counter.objects.exists()


def test_a_page_says_what_is_wrong_with_an_imagined_call(client, editor, stream):
    text = explain(client, stream, headers="no value", prompt="kept")
    assert "“no value” has no value: write name=value." in text
    assert "kept</textarea>" in text


def test_who_may_not_see_a_stream_gets_no_explanation(client, editor, stream):
    editor.user_permissions.clear()
    url = reverse("admin:streams_stream_explain", args=[stream.pk])
    assert client.post(url, {"turn": 1}).status_code == 403
