"""The demo content: sixteen scripts, each published as a stream."""

import tomllib
from importlib.resources import files

from streams.models import Script, Stream


def load_demo() -> list[str]:
    """Create what is missing of the demo content; return the slugs of new streams.

    What is there already stays as it is: it may have been edited.
    """
    folder = files("streams") / "fixtures" / "demo"
    content = tomllib.loads((folder / "content.toml").read_text("utf-8"))
    for table in content["script"]:
        if not Script.objects.filter(slug=table["slug"]).exists():
            # Bytes: reading text would translate line ends.
            body = (folder / f"{table['slug']}.md").read_bytes().decode()
            Script.objects.create(body=body, **table)
    created = []
    for table in content["stream"]:
        if not Stream.objects.filter(slug=table["slug"]).exists():
            script = Script.objects.get(slug=table.pop("script"))
            Stream.objects.create(script=script, published=True, **table)
            created.append(table["slug"])
    return created
