/**
 * Server-Sent Events over `fetch`, to the letter of the HTML standard, section 9.2: with
 * any method, headers and `AbortSignal`. For browsers and Node; no DOM, no packages.
 */

import { EventStreamParser } from "./event-stream-parser.js";

export { EventStreamParser };

/** @typedef {import("./event-stream-parser.js").StreamedEvent} StreamedEvent */
/** @typedef {import("./event-stream-parser.js").ReadOptions} ReadOptions */

// A longer setTimeout() fires at once.
const LONGEST_WAIT = 2 ** 31 - 1;

/** A server refused to stream. */
export class EventStreamError extends Error {
  name = "EventStreamError";

  /**
   * @param {string} message
   * @param {number} status  of the response
   * @param {unknown} body  parsed if it was JSON, else its text
   */
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }

  /** The server's own sentence, or "". */
  get said() {
    const said = this.body?.detail ?? this.body?.message;
    return typeof said === "string" ? said : "";
  }
}

/**
 * Read one response, or any stream of bytes, to its end. Leaving the loop closes the
 * connection; a response that is no event stream throws an EventStreamError.
 * @param {Response | ReadableStream<Uint8Array>} source
 * @param {ReadOptions & { lastEventId?: string }} [options]
 * @returns {AsyncGenerator<StreamedEvent>}
 */
export async function* readEvents(source, options) {
  const isStream = typeof source.getReader === "function";
  const refusal = isStream ? null : await findRefusal(source);
  if (refusal) throw refusal;
  yield* read(isStream ? source : source.body, new EventStreamParser(options));
}

/**
 * Stream like an EventSource, with any request that `fetch` can make: connect again when
 * the connection is lost or ends without a terminal event, after the stream's `retry`,
 * with the same body and the last id. The end is a terminal event, which is yielded, or
 * status 204. An aborted signal throws its reason, as `fetch` does.
 *
 * After an event `reset` the stream starts over: forget what was shown.
 * @param {string | URL} url
 * @param {RequestInit & ReadOptions & {
 *   lastEventId?: string,
 *   retry?: number,
 *   maxRetries?: number,
 *   terminal?: string[],
 *   onOpen?: (response: Response) => void,
 *   onRetry?: (what: { attempt: number, delay: number, error: Error | null }) => void,
 *   fetch?: typeof globalThis.fetch,
 *   sleep?: (ms: number, signal?: AbortSignal) => Promise<void>,
 * }} [options]  what `fetch` takes, but for a body that can be sent once only;
 *   `maxRetries` counts those in a row that bring no event
 * @returns {AsyncGenerator<StreamedEvent>}
 */
export async function* streamEvents(url, options = {}) {
  const {
    comments,
    raw,
    lastEventId,
    retry = 3000,
    maxRetries = Infinity,
    terminal = ["done", "error"],
    onOpen,
    onRetry,
    fetch = globalThis.fetch,
    sleep = wait,
    ...request
  } = options;
  const { signal } = request;
  // Throws what no retry would mend, such as a bad URL or header.
  new Request(url, request);
  const parser = new EventStreamParser({ comments, raw, lastEventId, retry });
  for (let attempt = 1; ; attempt++) {
    let error = null;
    let delay = 0;
    const lose = (reason) => {
      error = reason;
    };
    const headers = withLastEventId(request.headers, parser.lastEventId);
    const init = { cache: "no-store", ...request, headers };
    const response = await fetch(url, init).catch(lose);
    if (response?.status === 204) return;
    error ??= await findRefusal(response);
    signal?.throwIfAborted();
    if (error instanceof EventStreamError) {
      delay = retryAfter(response);
      if (delay === undefined) throw error;
    } else if (!error) {
      onOpen?.(response);
      for await (const item of read(response.body, parser, lose)) {
        signal?.throwIfAborted();
        if (item.event) attempt = 1;
        yield item;
        if (terminal.includes(item.event)) return;
      }
      signal?.throwIfAborted();
    }
    if (attempt > maxRetries) {
      throw error ?? new Error(`The stream ended without ${terminal.join(" or ")}`);
    }
    // 9.2.3, "reestablish the connection". A date may be past where clocks differ.
    if (!(delay > 0)) delay = parser.retry;
    onRetry?.({ attempt, delay, error });
    await sleep(delay, signal);
  }
}

async function* read(body, parser, lose) {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = (await reader.read().catch(lose)) ?? { done: true };
      yield* done ? parser.end() : parser.push(value);
      if (done) return;
    }
  } finally {
    // Closes the connection when the consumer leaves; nothing after the end.
    reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Return the error that a response amounts to, or null for an event stream. */
async function findRefusal(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const essence = type.split(";")[0].trim().toLowerCase();
  // 9.2.2: any other status or type fails the connection.
  if (response.status === 200 && essence === "text/event-stream") return null;
  const wrong = response.status === 200 ? ` with '${type}', not text/event-stream` : "";
  const message = `The server answered ${response.status}${wrong}`;
  if (response.ok && !essence.endsWith("json")) {
    // Not read: it may never end.
    response.body?.cancel().catch(() => {});
    return new EventStreamError(message, response.status, "");
  }
  let body = await response.text().catch(() => "");
  try {
    body = JSON.parse(body);
  } catch {
    // An error page, or nothing.
  }
  const error = new EventStreamError(message, response.status, body);
  if (error.said) error.message += `: ${error.said}`;
  return error;
}

function withLastEventId(given, id) {
  const headers = new Headers(given);
  if (!headers.has("Accept")) headers.set("Accept", "text/event-stream");
  if (id) {
    // In UTF-8 (9.2.3): each character of a header's string is one byte.
    const bytes = Array.from(new TextEncoder().encode(id));
    headers.set("Last-Event-ID", bytes.map((b) => String.fromCharCode(b)).join(""));
  }
  return headers;
}

/** Return the milliseconds that a busy server asks for (RFC 9110, section 10.2.3). */
function retryAfter(response) {
  const value = response.headers.get("Retry-After") ?? "";
  if (response.status !== 429 && response.status !== 503) return undefined;
  if (/^[0-9]+$/.test(value)) return value * 1000;
  return value.endsWith("GMT") ? Date.parse(value) - Date.now() : undefined;
}

function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const finish = () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(finish, Math.min(ms, LONGEST_WAIT));
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
