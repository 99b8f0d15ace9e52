/** Consumers that leave, abort or have to wait. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { streamEvents } from "../../streams/static/streams/sse.js";
import {
  ADDRESS,
  END,
  LOST,
  SSE,
  bodyOf,
  collect,
  scripted,
  stream,
} from "./fakes.mjs";

test("leaving the loop cancels the body and asks no more", async () => {
  let cancelled = false;
  const body = bodyOf(["data: a\n\ndata: b\n\n", null], () => (cancelled = true));
  const server = scripted(new Response(body, { headers: SSE }));
  for await (const event of streamEvents(ADDRESS, server)) {
    assert.equal(event.data, "a");
    break;
  }
  assert.ok(cancelled);
});

test("after the terminal event the body is cancelled", async () => {
  let cancelled = false;
  const body = bodyOf([END, null], () => (cancelled = true));
  await collect(streamEvents(ADDRESS, scripted(new Response(body, { headers: SSE }))));
  assert.ok(cancelled);
});

test("an abort throws its reason: before, while reading, between events, while waiting", async () => {
  const reason = new Error("enough");
  const start = (server, controller = new AbortController()) => ({
    controller,
    events: streamEvents(ADDRESS, { ...server, signal: controller.signal }),
  });

  const before = start(scripted());
  before.controller.abort(reason);
  await assert.rejects(before.events.next(), reason);

  // As a browser does: the body breaks with the reason, or an error of its own.
  const reading = start(scripted(stream("data: a\n\n", LOST)));
  await reading.events.next();
  reading.controller.abort(reason);
  await assert.rejects(reading.events.next(), reason);

  const between = start(scripted(stream("data: a\n\ndata: b\n\n")));
  await between.events.next();
  between.controller.abort(reason);
  await assert.rejects(between.events.next(), reason);

  // With the real clock: it would wait three seconds.
  const waiting = start({ fetch: async () => stream() });
  setTimeout(() => waiting.controller.abort(reason), 20);
  const started = Date.now();
  await assert.rejects(waiting.events.next(), reason);
  assert.ok(Date.now() - started < 2000);

  const unnamed = start(scripted());
  unnamed.controller.abort();
  await assert.rejects(unnamed.events.next(), { name: "AbortError" });
});

test("an abort while an error is read, or with no retry left, is an abort", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;
  const body = new ReadableStream({
    pull(part) {
      controller.abort(reason);
      part.error(reason);
    },
  });
  const refused = scripted(new Response(body, { status: 500 }));
  await assert.rejects(streamEvents(ADDRESS, { ...refused, signal }).next(), reason);

  for (const maxRetries of [0, 1]) {
    const other = new AbortController();
    const server = scripted(stream("data: a\n\n", LOST));
    const onRetry = () => assert.fail("it wants to go on");
    const options = { ...server, signal: other.signal, maxRetries, onRetry };
    const events = streamEvents(ADDRESS, options);
    await events.next();
    other.abort(reason);
    await assert.rejects(events.next(), reason);
  }
});

test("an abort in onRetry ends it before the wait", { timeout: 10_000 }, async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const onRetry = () => controller.abort();
  const options = { fetch: scripted(LOST).fetch, signal, onRetry, retry: 1e9 };
  await assert.rejects(streamEvents(ADDRESS, options).next(), { name: "AbortError" });
});

test("waiting leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  const counts = [];
  const onRetry = () => counts.push(getEventListeners(signal, "abort").length);
  const server = scripted(LOST, LOST, LOST, stream(END));
  const options = { fetch: server.fetch, signal, onRetry, retry: 1 };
  await collect(streamEvents(ADDRESS, options));
  assert.deepEqual(counts, Array(3).fill(counts[0]));
});

test("it really waits, and a retry longer than a timer can be is no retry at once", async () => {
  const server = scripted(stream("retry: 60\n\n"), stream(END));
  const started = performance.now();
  await collect(streamEvents(ADDRESS, { fetch: server.fetch }));
  assert.ok(performance.now() - started > 55);

  const endless = scripted(stream("retry: 99999999999999999999\n\n"));
  const signal = AbortSignal.timeout(100);
  await assert.rejects(
    collect(streamEvents(ADDRESS, { fetch: endless.fetch, signal })),
    {
      name: "TimeoutError",
    },
  );
  assert.equal(endless.requests.length, 1);
});
