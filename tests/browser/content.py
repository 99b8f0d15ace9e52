"""What the browser finds on the servers. Runs in the project's own process."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.template import Context, Template
from django.urls import reverse

from streams.demo import load_demo
from streams.embedding import said
from streams.formats.call import Call
from streams.models import ApiKey, Fault, Revision, Rule, Run, Script, Stream


def prepare() -> None:
    """Load the demo content and make the demo account, with the greeting as it was."""
    load_demo()
    if not User.objects.filter(username="admin").exists():
        password = make_password("demo", hasher="pbkdf2_sha256")
        User.objects.create(
            username="admin", password=password, is_staff=True, is_superuser=True
        )
    greeting = Script.objects.get(slug="greeting")
    greeting.body = greeting.revisions.get(number=1).body
    greeting.save()


def set_published(slug: str, published: bool) -> None:
    Stream.objects.filter(slug=slug).update(published=published)


def publish_texts(texts: list[tuple[str, str, int]]) -> list[tuple[str, str]]:
    """Publish (text, unit, size) each; return the slugs and what was stored."""
    published = []
    for number, (text, unit, size) in enumerate(texts):
        slug = f"text-{number}"
        script = Script.objects.create(slug=slug, title=slug, body=text)
        Stream.objects.create(
            slug=slug,
            title=slug,
            script=script,
            published=True,
            delay_ms=0,
            unit=unit,
            chunk_size=size,
        )
        published.append((slug, script.body))
    return published


def remove_texts() -> None:
    Stream.objects.filter(slug__startswith="text-").delete()
    Script.objects.filter(slug__startswith="text-").delete()


def set_access(slug: str, access: str) -> None:
    Stream.objects.filter(slug=slug).update(access=access)


def render_players(source: str) -> tuple[str, str]:
    """Render a template; return it, and what the greeting says to NAME."""
    html = Template(source).render(Context())
    greeting = Stream.objects.select_related("script").get(slug="greeting")
    return html, said(greeting, Call(params={"name": "NAME"}))


def save_again(script: str) -> None:
    """Save a script as it is, as somebody else who edits it would."""
    Script.objects.get(pk=script).save()


def stored() -> str:
    """Return all that forms can change."""
    models = (Script, Revision, Stream, Rule, Fault)
    return repr([list(model.objects.order_by("pk").values()) for model in models])


def titles() -> list[str]:
    """Return what people wrote, which no catalog translates."""
    entries = [*Script.objects.all(), *Stream.objects.all()]
    return [name for entry in entries for name in (entry.title, entry.slug)]


def make_one_of_everything(run_id: str) -> dict[str, str]:
    """Make what the admin has pages for; return their addresses by name.

    The run is one that plays, and is in the journal.
    """
    script, new = Script.objects.get_or_create(
        slug="every-page",
        defaults={"title": "每一页", "body": "一<!-- stream: pause 10ms -->二\n"},
    )
    if new:
        script.body += "三\n"
        script.save(reason="再加一行")
        stream = Stream.objects.create(slug="every-page", title="每一页", script=script)
        fault = Fault.objects.create(stream=stream, title="断", after_event=1)
        Rule.objects.create(stream=stream, title="潮", prompt_text="潮", fault=fault)
        Rule.objects.create(stream=stream, title="其余", enabled=False)
        ApiKey.issue("钥匙")
    stream = script.streams.get()
    run = Run.objects.get(run_id=run_id)
    played = Stream.objects.get(slug=run.stream)
    pages = {
        "the admin": ("index",),
        "scripts": ("streams_script_changelist",),
        "a new script": ("streams_script_add",),
        "a script with a mistake": ("streams_script_add",),
        "a script": ("streams_script_change", script.pk),
        "its revisions": ("streams_script_revisions", script.pk),
        "its second revision": ("streams_script_revision", script.pk, 2),
        "its history": ("streams_script_history", script.pk),
        "files to import": ("streams_script_import",),
        "what an import would do": ("streams_script_import",),
        "streams": ("streams_stream_changelist",),
        "a new stream": ("streams_stream_add",),
        "a stream": ("streams_stream_change", stream.pk),
        "whether to delete it": ("streams_stream_delete", stream.pk),
        "an explanation": ("streams_stream_explain", stream.pk),
        "statistics": ("streams_stream_statistics", played.pk),
        "runs": ("streams_run_changelist",),
        "a run": ("streams_run_change", run.pk),
        "whether to stop it": ("streams_run_control", run.pk, "stop"),
        "workers": ("streams_worker_changelist",),
        "a worker": ("streams_worker_change", run.worker_id),
        "keys": ("streams_apikey_changelist",),
        "a new key": ("streams_apikey_add",),
        # Nobody may.
        "a page that is forbidden": ("streams_run_add",),
    }
    return {
        name: reverse(f"admin:{page}", args=args)
        for name, (page, *args) in pages.items()
    }
