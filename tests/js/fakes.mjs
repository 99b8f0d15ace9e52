/** A network that does as it is told. */

import assert from "node:assert/strict";

export const ADDRESS = "http://test/streams/greeting/events";
export const SSE = { "Content-Type": "text/event-stream; charset=utf-8" };
/** The block of a terminal event. */
export const END = "event: done\ndata: end\n\n";
export const LOST = new TypeError("network error");

/** A body of these pieces; an Error among them breaks it, null leaves it open. */
export function bodyOf(pieces, cancelled = () => {}) {
  const rest = [...pieces];
  return new ReadableStream(
    {
      pull(controller) {
        const piece = rest.shift();
        if (piece === null) return new Promise(() => {});
        if (piece instanceof Error) controller.error(piece);
        else if (piece === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(piece));
      },
      cancel: cancelled,
    },
    { highWaterMark: 0 },
  );
}

export const stream = (...pieces) => new Response(bodyOf(pieces), { headers: SSE });

/** A `fetch` that gives one answer after the other, and a `sleep` that only notes. */
export function scripted(...answers) {
  const requests = [];
  const waits = [];
  return {
    requests,
    waits,
    ids: () => requests.map(({ headers }) => headers.get("Last-Event-ID")),
    fetch: async (url, init) => {
      requests.push({ url, ...init });
      init.signal?.throwIfAborted();
      assert.ok(answers.length, "one request too many");
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    sleep: async (ms, signal) => {
      waits.push(ms);
      signal?.throwIfAborted();
    },
  };
}

export async function collect(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

export const datas = (events) => events.map((event) => event.data).join("|");
