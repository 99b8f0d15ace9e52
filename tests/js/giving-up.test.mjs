/** Answers that are waited for, and those that end it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStreamError, streamEvents } from "../../streams/static/streams/sse.js";
import {
  ADDRESS,
  END,
  LOST,
  bodyOf,
  collect,
  datas,
  scripted,
  stream,
} from "./fakes.mjs";

const busy = (status, retryAfter) =>
  new Response('{"detail":"Busy"}', { status, headers: { "Retry-After": retryAfter } });

test("429 and 503 with Retry-After are waited for", async () => {
  const soon = new Date(Date.now() + 60_000).toUTCString();
  const past = new Date(0).toUTCString();
  const answers = [busy(429, "2"), busy(503, "0"), busy(503, soon), busy(429, past)];
  const server = scripted(...answers, stream(END));
  const retries = [];
  const options = {
    ...server,
    retry: 50,
    onRetry: (retry) => retries.push(retry.error),
  };
  assert.equal(datas(await collect(streamEvents(ADDRESS, options))), "end");
  const [seconds, zero, date, ago] = server.waits;
  assert.deepEqual([seconds, zero, ago], [2000, 50, 50]);
  assert.ok(date > 50_000 && date <= 60_000, `${date}`);
  assert.ok(
    retries.every(
      (error) => error.message === `The server answered ${error.status}: Busy`,
    ),
  );
});

test("other answers end it, also when they come to a second request", async () => {
  const answers = [
    new Response("", { status: 503 }),
    busy(503, "soon"),
    busy(500, "1"),
    busy(404, "1"),
  ];
  for (const answer of answers) {
    const server = scripted(stream("data: a\n\n"), answer);
    const events = streamEvents(ADDRESS, server);
    assert.equal((await events.next()).value.data, "a");
    await assert.rejects(events.next(), EventStreamError);
  }
});

test("204 ends it without a word", async () => {
  const server = scripted(
    stream("id: 9\ndata: a\n\n"),
    new Response(null, { status: 204 }),
  );
  assert.equal(datas(await collect(streamEvents(ADDRESS, server))), "a");
  assert.deepEqual(server.ids(), [null, "9"]);
});

test("maxRetries counts retries in a row that bring no event", async () => {
  const server = scripted(
    LOST,
    stream(": only a comment\n\n"),
    stream("data: a\n\n"),
    LOST,
    LOST,
    LOST,
  );
  const events = streamEvents(ADDRESS, { ...server, comments: true, maxRetries: 2 });
  assert.equal((await events.next()).value.text, "only a comment");
  assert.equal((await events.next()).value.data, "a");
  await assert.rejects(events.next(), LOST);
  assert.equal(server.requests.length, 5);
});

test("without retries, an end without a terminal event is an error", async () => {
  const events = (answer) =>
    collect(streamEvents(ADDRESS, { ...scripted(answer), maxRetries: 0 }));
  await assert.rejects(events(stream("data: a\n\n")), /ended without done or error/);
  await assert.rejects(events(busy(429, "1")), /429: Busy/);
  assert.equal(datas(await events(stream(END))), "end");
});

test("what no retry would mend is thrown at once", async () => {
  const server = scripted();
  const bad = [
    ["http://", {}],
    [ADDRESS, { method: "A B" }],
    [ADDRESS, { headers: { "a b": "" } }],
    [ADDRESS, { body: "with GET" }],
    [ADDRESS, { method: "POST", body: bodyOf([]) }],
  ];
  for (const [url, options] of bad) {
    await assert.rejects(
      streamEvents(url, { ...server, ...options }).next(),
      TypeError,
    );
  }
});
