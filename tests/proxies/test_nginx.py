"""deploy/nginx.conf, in a real nginx before two real workers."""

import json
import ssl
from itertools import pairwise

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.proxies.nginx import free_ports, serve_with_nginx
from tests.servers.clients import listen, new_client

GZIP = "gzip on; gzip_types text/event-stream; gzip_min_length 0;"
# An nginx that nobody has told anything: it speaks HTTP/1.0 to the worker, and buffers.
BARE = """
server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {worker}; {more} }}
}}
"""
FORMATS = ("plain", "envelope")


@pytest.fixture(scope="module")
def sites(workers, nginx):
    """URLs of the site through nginxes that are set up differently."""
    urls = [worker.url for worker in workers]
    ports = dict(zip(("bare", "deaf"), free_ports(2), strict=True))
    more = GZIP + "".join(
        BARE.format(port=port, worker=urls[0], more=MORE[name])
        for name, port in ports.items()
    )
    with serve_with_nginx(urls, more=more) as gzipping:
        bare = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        yield {"shipped": nginx.http, "gzip": gzipping.http, **bare}


# The second does not hear what the app asks for.
MORE = {
    "bare": "gzip off;",
    "deaf": "gzip off; proxy_ignore_headers X-Accel-Buffering;",
}


def test_nginx_finds_no_fault_in_the_file(nginx):
    said = nginx.check()
    assert "test is successful" in said
    assert "[emerg]" not in said


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("name", ["shipped", "gzip", "bare"])
async def test_events_arrive_one_by_one(sites, publish, report, name, wire_format):
    """With deploy/nginx.conf, with gzip for streams as well, with nginx's defaults."""
    slug = publish("x" * 20, delay_ms=100)
    url = f"{sites[name]}/streams/{slug}/events?format={wire_format}"
    async with new_client() as client:
        heard = await listen(client, url, headers={"Accept-Encoding": "gzip"})
    assert heard.headers["content-encoding"] == "identity"
    gaps = [later - at for at, later in pairwise(heard.times[:20])]
    assert len(gaps) == 19
    report("first event to last, planned 1900 ms", sum(gaps))
    assert sum(gaps) > 1.5
    # Two may come together where the machine is busy; they do not come in heaps.
    assert sum(gap > 0.03 for gap in gaps) >= 12


async def test_without_the_apps_header_they_would_not(sites, publish):
    """The test above can tell: here they come all at once, at the end."""
    slug = publish("x" * 20, delay_ms=100)
    async with new_client() as client:
        heard = await listen(client, f"{sites['deaf']}/streams/{slug}/events")
    assert heard.times[-1] - heard.times[0] < 0.5
    assert heard.times[0] - heard.asked > 1.5


async def test_a_prompt_of_two_megabytes_gets_through(nginx, publish):
    """Beyond nginx's default of one; more than Django takes is refused by Django."""
    slug = publish("ok", delay_ms=0)
    url = f"{nginx.http}/streams/{slug}/events"
    async with new_client() as client:
        fine = await client.post(url, json={"prompt": "x" * 2_000_000})
        large = await client.post(url, json={"prompt": "x" * 2_700_000})
    assert fine.status_code == 200
    assert large.status_code == 413
    assert large.json()["code"] == "body_too_large"


def unverified():
    return httpx.Client(verify=False, trust_env=False, timeout=20)


def test_the_site_knows_that_it_is_asked_over_https(nginx):
    """Django compares a form's Origin with the scheme and the host it knows of."""
    with unverified() as client:
        url = f"{nginx.https}/admin/login/"
        client.get(url)
        data = {
            "username": "nobody",
            "password": "x",
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        headers = {"Origin": nginx.https, "Referer": url}
        assert client.post(url, data=data, headers=headers).status_code == 200
        headers["Origin"] = nginx.http
        assert client.post(url, data=data, headers=headers).status_code == 403


def test_nobody_can_pass_for_another_address(nginx, workers, publish):
    """A worker believes the proxy, and the proxy does not believe the client."""
    path = f"/streams/{publish('ok', delay_ms=0)}/events"
    headers = {"X-Forwarded-For": "203.0.113.9"}
    for address in (nginx.http, workers[0].url):
        url = f"{address}{path}?asked={address.rpartition(':')[2]}"
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200
    log = "".join(worker.log() for worker in workers)
    lines = [line for line in log.splitlines() if f"{path}?asked=" in line]
    through, straight = (
        next(line for line in lines if f"asked={address.rpartition(':')[2]}" in line)
        for address in (nginx.http, workers[0].url)
    )
    assert "203.0.113.9" not in through
    assert "203.0.113.9" in straight


def test_plain_http_is_sent_to_https(nginx):
    response = httpx.get(f"{nginx.redirecting}/streams/?a=1", trust_env=False)
    assert response.status_code == 301
    assert response.headers["location"] == "https://127.0.0.1/streams/?a=1"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_websocket_gets_through(nginx, publish, scheme):
    slug = publish("Hello 👩‍👩‍👧‍👦!", delay_ms=10)
    base = getattr(nginx, scheme)
    trusting = None
    if scheme == "https":
        trusting = ssl.create_default_context(cafile=nginx.folder / "certificate.pem")
    url = f"{base.replace('http', 'ws', 1)}/ws/streams/{slug}/"
    async with connect(url, origin=base, proxy=None, ssl=trusting) as ws:
        await ws.send('{"action": "start"}')
        frames = []
        while not frames or frames[-1]["event"] != "done":
            frames.append(json.loads(await ws.recv()))
    said = "".join(frame["data"] for frame in frames if frame["event"] == "message")
    assert said == "Hello 👩‍👩‍👧‍👦!"


def test_with_no_worker_left_event_sources_are_told_to_wait(mortal_workers, publish):
    slug = publish("ok", delay_ms=0)
    path = f"/streams/{slug}/events"
    with serve_with_nginx([worker.url for worker in mortal_workers]) as nginx:
        assert httpx.get(nginx.http + path, trust_env=False).status_code == 200
        for worker in mortal_workers:
            worker.process.kill()
            worker.process.wait()
        with httpx.Client(base_url=nginx.http, trust_env=False, timeout=20) as client:
            waiting = client.get(path, headers={"Accept": "text/event-stream"})
            assert (waiting.status_code, waiting.text) == (200, "retry: 2000\n\n")
            assert waiting.headers["content-type"] == "text/event-stream"
            assert waiting.headers["cache-control"] == "no-store"
            for refused in (client.get(path), client.post(path)):
                assert refused.status_code == 502
                assert refused.text.startswith("The site is restarting.")


def test_a_worker_that_is_gone_is_skipped(mortal_workers, publish):
    slug = publish("ok", delay_ms=0)
    with serve_with_nginx([worker.url for worker in mortal_workers]) as nginx:
        gone, _ = mortal_workers
        gone.process.kill()
        gone.process.wait()
        with httpx.Client(base_url=nginx.http, trust_env=False, timeout=20) as client:
            for method in ("GET", "POST") * 10:
                response = client.request(method, f"/streams/{slug}/events")
                assert response.status_code == 200
