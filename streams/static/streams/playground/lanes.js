/**
 * The playground's transports. Each plays a stream and tells what comes in the same words:
 * `opened(about)`, `heard(item)`, `lost(ms, why)`, `ended()`, `failed(message)`.
 *
 * An item has the fields of an event, `size` in bytes where the transport tells it, and
 * `raw`, its bytes, where the page can see them. One without `event` is bytes that make
 * no event, such as comments; `frame` says that `raw` is a WebSocket's message.
 */

import { EventStreamError, streamEvents } from "../sse.js";

/** @typedef {{ run?: string, seed?: string, revision?: string, fault?: string,
 *   encoding?: string }} About  what the answer says of itself */

/** `fetch`, by POST: the page sees every header and every byte. */
export class FetchLane {
  #abort = new AbortController();

  constructor(asked, tell) {
    this.#run(asked, tell);
  }

  async #run({ events, parameters, lastEventId }, tell) {
    const { signal } = this.#abort;
    const options = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(parameters),
      raw: true,
      lastEventId,
      signal,
      onOpen: ({ headers }) =>
        tell.opened({
          run: headers.get("X-Stream-Run"),
          seed: headers.get("X-Stream-Seed"),
          revision: headers.get("X-Stream-Revision"),
          fault: headers.get("X-Stream-Fault"),
          encoding: headers.get("Content-Encoding"),
        }),
      onRetry: ({ delay, error }) =>
        tell.lost(delay, error instanceof EventStreamError ? said(error) : ""),
    };
    try {
      for await (const item of streamEvents(events, options)) {
        if (signal.aborted) return;
        tell.heard({ ...item, size: item.raw.length });
      }
      tell.ended();
    } catch (error) {
      if (!signal.aborted) tell.failed(said(error));
    }
  }

  close() {
    this.#abort.abort();
  }
}

/** The browser's own: it reconnects by itself, and hides bytes, comments and headers. */
export class EventSourceLane {
  #source;

  constructor({ events, parameters, lastEventId, names }, tell) {
    const query = new URLSearchParams(parameters);
    if (lastEventId) query.set("last_event_id", lastEventId);
    const url = `${events}?${query}`;
    const source = new EventSource(url);
    this.#source = source;
    source.addEventListener("open", () => tell.opened({}));
    const hear = ({ type, data, lastEventId: id }) =>
      tell.heard({ event: type, data, id });
    for (const name of new Set(["message", "reasoning", "tool", "reset", ...names])) {
      source.addEventListener(name, hear);
    }
    source.addEventListener("done", (event) => {
      source.close();
      hear(event);
      tell.ended();
    });
    source.addEventListener("error", (event) => {
      if (event.data) {
        source.close();
        hear(event);
        tell.ended();
      } else if (source.readyState === EventSource.CLOSED) {
        askWhy(url, tell);
      } else {
        tell.lost(null, "");
      }
    });
  }

  close() {
    this.#source.close();
  }
}

/** A WebSocket: its client may hold, step and drop its own run. */
export class SocketLane {
  #socket = null;
  #timer = 0;
  #over = false;

  constructor({ socket, parameters, lastEventId }, tell) {
    const start = { action: "start", ...parameters };
    if (lastEventId) start.last_event_id = lastEventId;
    this.#connect(new URL(socket, location.href), start, 3000, tell);
  }

  #connect(url, start, retry, tell) {
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify(start)));
    socket.addEventListener("message", ({ data: text }) => {
      if (this.#over) return;
      const raw = new TextEncoder().encode(text);
      const { event, id = "", data, message, ...about } = JSON.parse(text);
      // RFC 6455, section 5.2: two bytes before a short frame, then four, then ten.
      const size = raw.length + (raw.length < 126 ? 2 : raw.length < 65_536 ? 4 : 10);
      if (id) start.last_event_id = id;
      if (event === "open") {
        retry = about.retry;
        tell.opened({ ...about, seed: String(about.seed) });
        tell.heard({ raw, size, frame: true });
        return;
      }
      if (["done", "error", "stopped"].includes(event)) this.close();
      const words = typeof data === "string" ? data : JSON.stringify(data ?? about);
      tell.heard({ event, id, data: message ?? words, raw, size, frame: true });
      if (this.#over) tell.ended();
    });
    socket.addEventListener("close", ({ code }) => {
      if (this.#over) return;
      if (code === 4204) {
        this.close();
        tell.ended();
      } else if (!start.last_event_id) {
        this.close();
        tell.failed(null);
      } else {
        tell.lost(retry, "");
        this.#timer = setTimeout(() => this.#connect(url, start, retry, tell), retry);
      }
    });
  }

  send(action) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ action }));
    }
  }

  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }
}

export const LANES = { fetch: FetchLane, sse: EventSourceLane, ws: SocketLane };

/** Return the sentence in an answer's body, or "". */
export function sentence(body) {
  try {
    const answer = typeof body === "string" ? JSON.parse(body) : body;
    const found = answer.detail ?? answer.message;
    return typeof found === "string" ? found : "";
  } catch {
    return "";
  }
}

function said(error) {
  return sentence(error.body) || error.message;
}

/** A browser does not say why a stream was refused; a fetch of the same URL does. */
async function askWhy(url, tell) {
  const abort = new AbortController();
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (response.status === 204) tell.ended();
    else if (response.ok) tell.failed(null);
    else tell.failed(sentence(await response.text()) || `HTTP ${response.status}`);
  } catch {
    tell.failed(null);
  }
  abort.abort();
}
