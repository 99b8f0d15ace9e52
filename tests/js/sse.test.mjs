/** Reading responses, and what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EventStreamError,
  readEvents,
  streamEvents,
} from "../../streams/static/streams/sse.js";
import {
  ADDRESS,
  LOST,
  SSE,
  bodyOf,
  collect,
  datas,
  scripted,
  stream,
} from "./fakes.mjs";

test("readEvents reads a response", async () => {
  const events = await collect(
    readEvents(stream("data: a\n\nid: 1\nda", "ta: b\n\ndata: c\n")),
  );
  assert.deepEqual(events, [
    { event: "message", data: "a", id: "" },
    { event: "message", data: "b", id: "1" },
  ]);
});

test("readEvents reads any stream of bytes, with the parser's options", async () => {
  const body = bodyOf([": hi\ndata: a\n\n", "data"]);
  const items = await collect(
    readEvents(body, { comments: true, raw: true, lastEventId: "7" }),
  );
  assert.deepEqual(items[0], { type: "comment", text: "hi" });
  assert.equal(items[1].id, "7");
  assert.equal(Buffer.from(items[2].raw).toString(), "data");
});

test("readEvents cancels the body when its reader leaves the loop", async () => {
  let reason = "not cancelled";
  const body = bodyOf(["data: a\n\ndata: b\n\n", null], () => (reason = "cancelled"));
  for await (const event of readEvents(new Response(body, { headers: SSE }))) {
    assert.equal(event.data, "a");
    break;
  }
  assert.equal(reason, "cancelled");
  assert.equal(body.locked, false);
});

test("readEvents passes on what breaks the body, after what came before it", async () => {
  const events = readEvents(stream("data: a\n\ndata: b\n", LOST));
  assert.equal((await events.next()).value.data, "a");
  await assert.rejects(events.next(), LOST);
});

test("an empty response has no events", async () => {
  assert.deepEqual(await collect(readEvents(new Response(null, { headers: SSE }))), []);
});

test("any spelling of the type will do", async () => {
  for (const type of [
    "text/event-stream",
    "Text/Event-Stream;",
    "text/event-stream ; x=y",
  ]) {
    const response = new Response("data: a\n\n", { headers: { "Content-Type": type } });
    assert.equal(datas(await collect(readEvents(response))), "a");
  }
});

const refusals = [
  [
    404,
    "application/problem+json",
    '{"detail":"No stream"}',
    "answered 404: No stream",
  ],
  [
    404,
    "application/json",
    '{"code":404,"message":"No such"}',
    "answered 404: No such",
  ],
  [500, "text/html", "<h1>Oh</h1>", "answered 500"],
  [500, "application/json", "null", "answered 500"],
  [500, "application/json", '{"detail":{"a":1}}', "answered 500"],
  [429, "text/event-stream", "", "answered 429"],
  [200, "text/html", "<h1>", "answered 200 with 'text/html', not text/event-stream"],
  [
    200,
    "application/json",
    '{"detail":"No"}',
    "with 'application/json', not text/event-stream: No",
  ],
  [204, null, null, "answered 204"],
];

for (const [status, type, body, message] of refusals) {
  test(`${status} ${type} ${body} is refused`, async () => {
    const headers = type ? { "Content-Type": type } : {};
    const answer = () => new Response(body, { status, headers });
    const check = (error) => {
      assert.ok(error instanceof EventStreamError);
      assert.ok(error.message.endsWith(message), error.message);
      assert.equal(error.status, status);
      return true;
    };
    await assert.rejects(readEvents(answer()).next(), check);
    if (status === 204) return;
    await assert.rejects(streamEvents(ADDRESS, scripted(answer())).next(), check);
  });
}

test("the error has the body: as JSON, or as text", async () => {
  const answer = (body) => readEvents(new Response(body, { status: 400 })).next();
  await assert.rejects(
    answer('{"code":"bad_json"}'),
    (e) => e.body.code === "bad_json",
  );
  await assert.rejects(answer("no JSON"), (e) => e.body === "no JSON");
});

test("a page that never ends, in place of a stream, is not read", async () => {
  let cancelled = false;
  const body = bodyOf(["<p>", null], () => (cancelled = true));
  const page = new Response(body, { headers: { "Content-Type": "text/html" } });
  await assert.rejects(readEvents(page).next(), /text\/html/);
  assert.ok(cancelled);
});
