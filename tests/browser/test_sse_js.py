"""sse.js in Chromium, beside Chromium's own EventSource: the same bytes, the same events."""

import pytest

from tests.browser.event_server import serve_events
from tests.js.streams import STREAMS, body_of

# Several connections of one stream, one after the other.
SEQUENCES = {
    "an id holds over a connection without ids": [
        b"retry: 10\nid: 1\ndata: a\n\n",
        b"data: b\n\n",
        b"\xef\xbb\xbf: a BOM again\n\ndata: c\n\n",
    ],
    "an unfinished block is forgotten with its id": [
        b"retry: 10\nid: 1\ndata: a\n\nid: 2\nevent: x\ndata: b\n",
        b"data: c\n\n",
    ],
    "an id is reset": [b"retry: 10\nid: 1\ndata: a\n\n", b"id\n\ndata: b\n\n"],
    "an id alone counts": [b"retry: 10\n\nid: 1\n\nid: 2\n: no blank line"],
    "retry alone counts, even unfinished": [b"retry: 10\n", b"data: a\n\n"],
    "a CR at the end, an LF at the start": [b"retry: 10\ndata: a\r", b"\ndata: b\n\n"],
    "an id of 4000 characters": [b"retry: 10\nid: %s\ndata: a\n\n" % (b"x" * 4000)],
}

READ = """async ([addresses, names]) => {
  const { readEvents, streamEvents } = await import("/sse.js");
  const readers = {
    native: (url) => new Promise((resolve) => {
      const found = [];
      const source = new EventSource(url);
      for (const name of names) {
        source.addEventListener(name, (event) => {
          // Its own `open` and `error` are no messages.
          if (!(event instanceof MessageEvent)) return;
          found.push([event.type, event.data, event.lastEventId]);
        });
      }
      source.addEventListener("error", () => {
        if (source.readyState === EventSource.CLOSED) resolve(found);
      });
    }),
    streamEvents: (url) => collect(streamEvents(url, { terminal: [] })),
    readEvents: async (url) => collect(readEvents(await fetch(url))),
  };
  const collect = async (events) => {
    const found = [];
    for await (const { event, data, id } of events) found.push([event, data, id]);
    return found;
  };
  const read = async (address) => {
    const reader = new URLSearchParams(address.split("?")[1]).get("reader");
    return [address, await readers[reader](address)];
  };
  return Object.fromEntries(await Promise.all(addresses.map(read)));
}"""


@pytest.fixture
def read(page):
    """Read each stream with each reader; return, by reader, events and ids sent."""

    def read(server, readers, *, bytewise=""):
        indexes = range(len(server.streams))
        addresses = {
            (i, reader): f"/{i}?reader={reader}{bytewise}"
            for i in indexes
            for reader in readers
        }
        names = {e[0] for one in STREAMS for e in one["events"]} | {"message", "x"}
        page.goto(server.url)
        found = page.evaluate(READ, [list(addresses.values()), sorted(names)])
        return {
            reader: [
                (
                    found[addresses[i, reader]],
                    server.last_event_ids[addresses[i, reader]],
                )
                for i in indexes
            ]
            for reader in readers
        }

    return read


@pytest.mark.parametrize("bytewise", ["", "&bytewise=1"], ids=["whole", "bytewise"])
def test_every_stream_is_to_sse_js_what_it_is_to_chromium(read, bytewise):
    readers = ("native", "streamEvents", "readEvents")
    with serve_events([[body_of(stream)] for stream in STREAMS]) as server:
        found = read(server, readers, bytewise=bytewise)
    for i, stream in enumerate(STREAMS):
        name, events = stream["name"], stream["events"]
        native, ids = found["native"][i]
        # Chromium takes a line end right after a BOM for a part of the next line.
        assert native == stream.get("chromium", events), name
        assert found["readEvents"][i][0] == events, name
        # Connecting again, both send the same id.
        assert len(ids) == 2, name
        assert found["streamEvents"][i] == (events, ids), name


def test_connecting_again_is_to_sse_js_what_it_is_to_chromium(read):
    with serve_events(list(SEQUENCES.values())) as server:
        found = read(server, ("native", "streamEvents"))
    for i, (name, bodies) in enumerate(SEQUENCES.items()):
        events, ids = found["native"][i]
        assert found["streamEvents"][i] == (events, ids), name
        assert len(ids) == len(bodies) + 1, name
