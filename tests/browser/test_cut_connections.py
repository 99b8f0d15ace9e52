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

PATH = "/streams/echo/events"
WAYS = ("native", "GET", "POST")

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
  const withPrompt = (url) => `${url}&${new URLSearchParams({ prompt })}`;
  const ways = {
    native: (url) => native(withPrompt(url)),
    GET: (url) => ours(withPrompt(url)),
    POST: (url) => ours(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ prompt }),
    }),
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
  // A browser has six connections to a server, over HTTP/1.1.
  await Promise.all([1, 2, 3, 4, 5].map(worker));
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
    """Play each plan of cuts in that way; return the run's number with its events."""
    numbers = count(len(proxy.connections))

    def play(plans):
        runs = {str(next(numbers)): plan for plan in plans}
        urls = [
            (way, f"{PATH}?{urlencode({'run': run, 'cuts': cuts})}")
            for run, (way, cuts) in runs.items()
        ]
        page.goto(f"{proxy.url}/-/vitals")
        return dict(zip(runs, page.evaluate(PLAY, [urls, echo.PROMPT]), strict=True))

    return play


def check(events):
    """Each event came once, and together they are the text."""
    names = [name for name, _data, _id in events]
    assert names == ["message"] * echo.EVENTS + ["done"]
    assert "".join(data for _name, data, _id in events[:-1]) == echo.TEXT
    assert len({event_id for _name, _data, event_id in events}) == len(events)


@pytest.mark.parametrize("way", WAYS)
def test_cut_after_each_event_in_turn(play, proxy, way):
    """Sixty-one runs, each cut after another event and then twice more."""
    plans = [(way, f"e{n},e7,e3") for n in range(1, echo.EVENTS + 2)]
    for run, events in play(plans).items():
        check(events)
        assert proxy.cut[run] >= 1
        assert proxy.connections[run] >= proxy.cut[run]


@pytest.mark.parametrize("way", WAYS)
def test_cut_after_every_single_event(play, proxy, way):
    """One run, of sixty cuts."""
    [(run, events)] = play([(way, ",".join(["e1"] * echo.EVENTS))]).items()
    check(events)
    assert proxy.cut[run] == echo.EVENTS


@pytest.mark.parametrize("way", WAYS)
def test_cut_at_any_byte(play, proxy, way):
    """Within the head, a chunk's size, an id, a character; some four times a run."""
    chance = random.Random(f"cut {way}")
    # A response has some 3,500 bytes, fewer each time.
    longest = (4000, 2000, 1500, 1500)
    plans = [
        (way, ",".join(f"b{chance.randrange(1, most)}" for most in longest))
        for _ in range(40)
    ]
    runs = play(plans)
    for events in runs.values():
        check(events)
    assert sum(proxy.cut[run] for run in runs) > 80


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
