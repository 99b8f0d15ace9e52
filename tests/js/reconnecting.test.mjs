/** Connecting again, and when not to, against a scripted `fetch`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { streamEvents } from "../../streams/static/streams/sse.js";
import { ADDRESS, END, LOST, SSE, collect, datas, scripted, stream } from "./fakes.mjs";

test("streamEvents goes on after a cut, a clean end and a failed request", async () => {
  const server = scripted(
    stream("retry: 100\nid: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: lost\n", LOST),
    stream("id: 3\ndata: c\n\nid: 4\n"),
    LOST,
    stream(
      "retry: 7\nid: 4\ndata: d\n\n",
      "event: done\nid: 5\ndata: [DONE]\n\ndata: e\n\n",
    ),
  );
  const retries = [];
  const events = await collect(
    streamEvents(ADDRESS, { ...server, onRetry: (retry) => retries.push(retry) }),
  );
  assert.equal(datas(events), "a|b|c|d|[DONE]");
  assert.deepEqual(server.ids(), [null, "2", "3", "3"]);
  assert.deepEqual(server.waits, [100, 100, 100]);
  assert.deepEqual(retries, [
    { attempt: 1, delay: 100, error: LOST },
    { attempt: 1, delay: 100, error: null },
    { attempt: 2, delay: 100, error: LOST },
  ]);
});

test("cut at any byte, no character is lost or doubled", async () => {
  const blocks = ["H", "é世", "👩‍👩‍👧", "\n", " x "].map(
    (text, i) => `id: ${i + 1}\r\ndata: ${text.split("\n").join("\r\ndata: ")}\r\n\r\n`,
  );
  blocks.push("event: done\nid: 6\ndata\n\n");
  const after = (id) => Buffer.from(blocks.slice(Number(id ?? 0)).join(""));
  const whole = after(0);
  for (let cut = 0; cut < whole.length; cut++) {
    let requests = 0;
    const fetch = async (url, { headers }) => {
      const bytes = after(headers.get("Last-Event-ID"));
      const first = requests++ === 0;
      const body = new ReadableStream(
        {
          pull(controller) {
            // Two pulls: an error would discard what was not read yet.
            if (first && this.sent) return controller.error(LOST);
            if (this.sent || !bytes.length) return controller.close();
            this.sent = true;
            const part = first ? bytes.subarray(0, cut) : bytes;
            if (part.length) controller.enqueue(new Uint8Array(part));
            else controller.error(LOST);
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, { headers: SSE });
    };
    const events = await collect(
      streamEvents(ADDRESS, { fetch, sleep: async () => {} }),
    );
    assert.equal(events.map((e) => e.data).join(""), "Hé世👩‍👩‍👧\n x ", `cut at ${cut}`);
    assert.equal(requests, 2);
  }
});

test("each request is the same but for the id", async () => {
  const server = scripted(
    LOST,
    stream("id: é…世\ndata: a\n\nid:\ndata: b\n\n"),
    LOST,
    stream("id: é…世\ndata: c\n\n"),
    new Response(null, { status: 204 }),
  );
  const body = JSON.stringify({ prompt: "Hi" });
  const headers = { "Content-Type": "application/json", accept: "x/y" };
  const options = { ...server, method: "POST", body, headers, credentials: "include" };
  const events = await collect(
    streamEvents(ADDRESS, { ...options, lastEventId: "first" }),
  );
  assert.equal(datas(events), "a|b|c");
  for (const request of server.requests) {
    assert.deepEqual(
      [request.url, request.method, request.body],
      [ADDRESS, "POST", body],
    );
    assert.equal(request.headers.get("Content-Type"), "application/json");
    assert.equal(request.headers.get("Accept"), "x/y");
    assert.deepEqual([request.credentials, request.cache], ["include", "no-store"]);
  }
  const utf8 = Buffer.from("é…世").toString("latin1");
  assert.deepEqual(server.ids(), ["first", "first", null, null, utf8]);
});

test("by default it asks as an EventSource does", async () => {
  const server = scripted(new Response(null, { status: 204 }));
  assert.deepEqual(await collect(streamEvents(ADDRESS, server)), []);
  const [{ method, cache, headers }] = server.requests;
  assert.deepEqual([method, cache], [undefined, "no-store"]);
  assert.deepEqual([...headers], [["accept", "text/event-stream"]]);
});

test("a new connection keeps the id where its events have none", async () => {
  const server = scripted(
    stream("id: 1\ndata: a\n\n"),
    stream("data: b\n\n"),
    new Response(null, { status: 204 }),
  );
  const events = await collect(streamEvents(ADDRESS, server));
  assert.deepEqual(
    events.map((event) => event.id),
    ["1", "1"],
  );
  assert.deepEqual(server.ids(), [null, "1", "1"]);
});

test("done and error end it, reset does not; terminal says what else does", async () => {
  const events = (name) =>
    `event: reset\ndata: r\n\nevent: ${name}\ndata: x\n\ndata: y\n\n`;
  for (const name of ["done", "error"]) {
    const server = scripted(stream(events(name)));
    assert.equal(datas(await collect(streamEvents(ADDRESS, server))), "r|x");
  }
  const server = scripted(stream(events("done")), stream(events("stop")));
  const options = { ...server, terminal: ["stop"] };
  assert.equal(datas(await collect(streamEvents(ADDRESS, options))), "r|x|y|r|x");
});

test("comments and raw bytes come, too, and end nothing", async () => {
  const server = scripted(stream(": run 1\nevent: done\ndata: x\n\n"));
  const items = await collect(
    streamEvents(ADDRESS, { ...server, comments: true, raw: true }),
  );
  assert.deepEqual(items[0], { type: "comment", text: "run 1" });
  assert.ok(items[1].raw.length);
});

test("retry comes from the option until the stream says so, even alone", async () => {
  const server = scripted(
    LOST,
    stream("retry: 20\n\n"),
    stream("retry: 30\n"),
    stream(END),
  );
  await collect(streamEvents(ADDRESS, { ...server, retry: 10 }));
  assert.deepEqual(server.waits, [10, 20, 30]);
  const other = scripted(LOST, stream(END));
  await collect(streamEvents(ADDRESS, other));
  assert.deepEqual(other.waits, [3000]);
});

test("onOpen has each response; what it throws is passed on", async () => {
  const opened = [];
  const server = scripted(stream("data: a\n\n"), stream(END));
  const onOpen = (response) => opened.push(response.status);
  await collect(streamEvents(ADDRESS, { ...server, onOpen }));
  assert.deepEqual(opened, [200, 200]);
  const fail = () => {
    throw new RangeError("mine");
  };
  const events = streamEvents(ADDRESS, { ...scripted(stream(END)), onOpen: fail });
  await assert.rejects(events.next(), /mine/);
});
