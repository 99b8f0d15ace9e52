"""Connections that break: the text is there at the end, whole and once."""

import random
from itertools import count
from urllib.parse import urlencode

import pytest

from tests.browser import echo
from tests.browser.cutting_proxy import cut_connections
from tests.browser.event_server import MODULES, STATIC
from tests.processes import serve
from tests.servers.observation import wait_for_end

HTTP = "/streams/echo/events"
WAYS = {"native": HTTP, "GET": HTTP, "POST": HTTP, "socket": "/ws/streams/echo/"}
"""Ways to play a stream, and where it is then."""

PLAY = """async ([runs, prompt]) => {
  const { streamEvents } = await import("/sse.js");
  const native = (url) => new Promise((resolve) => {
    const events = [];
    const source = new EventSource(url);
    const take = ({ type, data, lastEventId }) => events.push([type, data, lastEventId]);
    source.onmessage = take;
    source.addEventListener("reset", take);
    source.addEventListener("done", (event) => {
      take(event);
      source.close();
      resolve(events);
    });
    source.addEventListener("error", (event) => {
      if (event.data) take(event);
      if (source.readyState === EventSource.CLOSED) resolve(events);
    });
  });
  const ours = async (url, options) => {
    const events = [];
    // A reset empties the queue of a fetch's body (Streams standard): what came along
    // with it, such as the first `retry`, is lost to us, and comes again.
    const again = { retry: 100, ...options };
    for await (const { event, data, id } of streamEvents(url, again)) {
      events.push([event, data, id]);
    }
    return events;
  };
  const socket = (url) => new Promise((resolve) => {
    const events = [];
    let last_event_id;
    const connect = () => {
      const socket = new WebSocket(url);
      socket.onopen = () =>
        socket.send(JSON.stringify({ action: "start", prompt, last_event_id }));
      socket.onmessage = (message) => {
        const { event, data, id } = JSON.parse(message.data);
        if (event === "open") return;
        events.push([event, data, id]);
        last_event_id = id;
        if (event !== "done" && event !== "error") return;
        socket.onclose = null;
        socket.close();
        resolve(events);
      };
      socket.onclose = () => setTimeout(connect, 100);
    };
    connect();
  });
  const withPrompt = (url) => `${url}&${new URLSearchParams({ prompt })}`;
  const ways = {
    native: (url) => native(withPrompt(url)),
    GET: (url) => ours(withPrompt(url)),
    POST: (url) => ours(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ prompt }),
    }),
    socket,
  };
  const found = [];
  let next = 0;
  const worker = async () => {
    while (next < runs.length) {
      const index = next++;
      const [way, url] = runs[index];
      found[index] = await ways[way](url);
    }
  };
  // Most of them wait to connect again. Chromium has six connections to a server, over
  // HTTP/1.1, and makes WebSockets wait for seconds where dozens are being opened.
  const workers = Promise.all(Array.from({ length: 24 }, worker));
  const late = new Promise((_, reject) => {
    const tell = () => `${Object.keys(found).length} of ${runs.length} ended`;
    setTimeout(() => reject(new Error(tell())), 120_000);
  });
  await Promise.race([workers, late]);
  return found;
}"""


@pytest.fixture(scope="module")
def server(project):
    project.call(echo.publish, "echo", delay_ms=0)
    project.call(echo.publish, "slow-echo", delay_ms=50)
    with serve("uvicorn", env=project.env | {"TESTS_LOG": "1"}) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server):
    with cut_connections(server) as proxy:
        yield proxy


@pytest.fixture
def page(page):
    def fulfill(route):
        route.fulfill(path=STATIC / route.request.url.rpartition("/")[2])

    for name in MODULES:
        page.route(f"**/{name}", fulfill)
    yield page
    # The browser itself logs each connection that broke.
    assert all("net::ERR_" in trouble for trouble in page.troubles)
    page.troubles.clear()


@pytest.fixture
def play(page, proxy):
    """Play with each plan of cuts in each way; return the runs, each of them checked."""
    numbers = count(len(proxy.connections))

    def play(plans):
        runs = {str(next(numbers)): (way, plan) for plan in plans for way in WAYS}
        urls = [
            (way, f"{WAYS[way]}?{urlencode({'run': run, 'cuts': cuts}, safe=',')}")
            for run, (way, cuts) in runs.items()
        ]
        page.goto(f"{proxy.url}/-/vitals")
        played = page.evaluate(PLAY, [urls, echo.PROMPT])
        for plan, events in zip(runs.values(), played, strict=True):
            check(events, plan)
        return runs

    return play


def check(events, plan):
    """Each event came once, and together they are the text."""
    names = [name for name, _data, _id in events]
    assert names == ["message"] * echo.EVENTS + ["done"], plan
    assert "".join(data for _name, data, _id in events[:-1]) == echo.TEXT, plan
    assert len({event_id for _name, _data, event_id in events}) == len(events), plan


def test_cut_after_each_event_in_turn(play, proxy):
    """Sixty-one runs in each way, each cut after another event and then twice more."""
    plans = [f"e{n},e7,e3" for n in range(1, echo.EVENTS + 2)]
    for run, plan in play(plans).items():
        assert proxy.cut[run] >= 1, plan


def test_cut_after_every_single_event(play, proxy):
    """One run in each way, with one event a connection, to the end."""
    plenty = 400
    for run, (way, _) in play([",".join(["e1"] * plenty)]).items():
        # More than events: what the page had not taken was lost and came again.
        assert echo.EVENTS <= proxy.cut[run] < plenty, way


def test_cut_at_any_byte(play, proxy):
    """Within the head, a chunk's size, an id, a character; some four times a run."""
    chance = random.Random("cut")
    # A response has some 3,500 bytes, fewer each time.
    longest = (4000, 2000, 1500, 1500)
    plans = [
        ",".join(f"b{chance.randrange(1, most)}" for most in longest) for _ in range(40)
    ]
    runs = play(plans)
    for way in WAYS:
        # Those that lie past the end of what was left cut nothing.
        cut = sum(proxy.cut[run] for run, (its, _) in runs.items() if its == way)
        assert cut > 60, way


LEAVE = """async ([url, body, how]) => {
  const { streamEvents } = await import("/sse.js");
  const abort = new AbortController();
  const headers = { "Content-Type": "application/json" };
  let run, error = null, text = "";
  try {
    const options = { method: "POST", headers, body, signal: abort.signal };
    options.onOpen = (response) => (run = response.headers.get("X-Stream-Run"));
    for await (const event of streamEvents(url, options)) {
      text += event.data;
      if (text.length < 5) continue;
      if (how === "break") break;
      abort.abort();
    }
  } catch (caught) {
    error = caught.name;
  }
  return [run, error, text];
}"""


@pytest.mark.parametrize(("how", "error"), [("break", None), ("abort", "AbortError")])
def test_a_reader_who_leaves_ends_the_run(page, server, how, error):
    page.goto(f"{server.url}/-/vitals")
    url = "/streams/slow-echo/events"
    body = '{"prompt": "Hello"}'
    run, found, text = page.evaluate(LEAVE, [url, body, how])
    assert (found, text) == (error, "Hello")
    end = wait_for_end(server, run)
    assert end.outcome == "cut"
    assert end.steps < echo.EVENTS
