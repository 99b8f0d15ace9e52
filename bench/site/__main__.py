"""Create the database that BENCH_DATABASE names: `python -m bench.site`."""

import os

import django

from bench.catalogue import MODELS, WIDTH


def fill() -> None:
    # What needs the settings can be imported only now.
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from streams.models import Script, Stream

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("bench", password="bench")
    for model in MODELS.values():
        script = Script(slug=model.name, title=model.name, body=model.text)
        script.save()
        Stream.objects.create(
            slug=model.name,
            title=model.name,
            script=script,
            published=True,
            unit="fixed",
            chunk_size=WIDTH,
            delay_ms=model.delay_ms,
            ttft_ms=0,
        )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.site.settings")
    django.setup()
    fill()
