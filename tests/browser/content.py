"""What the browser finds on the servers. Runs in the project's own process."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.template import Context, Template

from streams.demo import load_demo
from streams.embedding import said
from streams.formats.call import Call
from streams.models import Script, Stream


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
