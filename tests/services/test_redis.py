"""REDIS_URL gives the demo site a cache and a channel layer that processes share."""

import os
import subprocess
import sys

from tests.processes import ROOT


def in_a_process_of_its_own(code, redis_url):
    ran = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "streamsite.settings",
            "SECRET_KEY": "x",
            "REDIS_URL": redis_url,
        },
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_the_cache_is_shared(redis_url):
    cache = "from django.core.cache import cache; "
    in_a_process_of_its_own(cache + "cache.set('word', 'heard')", redis_url)
    assert (
        in_a_process_of_its_own(cache + "print(cache.get('word'))", redis_url)
        == "heard"
    )


def test_the_channel_layer_is_shared(redis_url):
    layer = (
        "from asgiref.sync import async_to_sync\n"
        "from channels.layers import get_channel_layer\n"
        "layer = get_channel_layer()\n"
    )
    send = "async_to_sync(layer.send)('told', {'type': 'word'})"
    receive = "print(async_to_sync(layer.receive)('told')['type'])"
    in_a_process_of_its_own(layer + send, redis_url)
    assert in_a_process_of_its_own(layer + receive, redis_url) == "word"
