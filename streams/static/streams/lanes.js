/**
 * The three ways in which a page gets a stream's events. Each connects as soon as it is
 * made, connects again when the connection is lost, with the last event's id, and tells
 * its listener:
 *
 *   open(about)              a connection stands; `about` has run, seed, fault and encoding
 *                            where the transport tells them
 *   event(item)              { event, data, id }, as Server-Sent Events have them, whatever
 *                            the transport
 *   retry({ delay, error })  the connection is lost, another will be tried after so many
 *                            milliseconds (null: the browser does not say), for this reason
 *                            where a server gave one
 *   fail(error)              none will be: an EventStreamError with what the server said, a
 *                            TypeError where it could not be asked, or what is wrong with
 *                            the answer
 *   end()                    the server has nothing more to say
 *
 * Whoever listens closes the lane at a terminal event. `drop()` loses the connection as a
 * bad network would; `close()` is for good, and nothing is told after it.
 */

import { SocketLane } from "./socket-lane.js";
import { EventStreamError, readEvents, streamEvents } from "./sse.js";

/**
 * @typedef {object} Request
 * @property {URL} url  of the stream's events, or of its WebSocket
 * @property {Record<string, string>} fields  prompt, seed, speed, and the like
 * @property {string[]} names  of events of the script's own
 * @property {boolean} [credentials]  whether cookies go to other origins, too
 * @property {string} [lastEventId]  where to go on
 * @property {boolean} [raw]  give items their bytes, where the page can see them: `raw`,
 *   `size`, and `frame` where they are a WebSocket's message; and items without `event`
 *   for bytes that make none
 */

// An EventSource does not tell what `retry:` said.
const RETRY = 3000;

const NAMES = ["message", "reasoning", "tool", "reset", "done", "error"];

class EventSourceLane {
  #request;
  #listener;
  #source;
  #lastId;
  #opened;
  #timer;

  constructor(request, listener) {
    this.#request = request;
    this.#listener = listener;
    this.#lastId = request.lastEventId ?? "";
    // What goes on was there before.
    this.#opened = Boolean(this.#lastId);
    this.#connect();
  }

  drop() {
    this.#source.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), RETRY);
    this.#listener.retry({ delay: RETRY, error: null });
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    const { names, credentials } = this.#request;
    const source = new EventSource(this.#address(), { withCredentials: credentials });
    this.#source = source;
    source.addEventListener("open", () => {
      this.#opened = true;
      this.#listener.open({ run: null });
    });
    for (const name of new Set([...NAMES, ...names])) {
      source.addEventListener(name, (event) => {
        // Its own `error` is no message.
        if (!(event instanceof MessageEvent)) return;
        this.#lastId = event.lastEventId;
        this.#listener.event({ event: name, data: event.data, id: this.#lastId });
      });
    }
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) return;
      const lost = this.#opened && source.readyState === EventSource.CONNECTING;
      if (lost) this.#listener.retry({ delay: null, error: null });
      else this.#askWhy(source);
    });
  }

  #address() {
    const url = new URL(this.#request.url);
    for (const [name, value] of Object.entries(this.#request.fields)) {
      url.searchParams.set(name, value);
    }
    // A new EventSource cannot send the header.
    if (this.#lastId) url.searchParams.set("last_event_id", this.#lastId);
    return url;
  }

  /** A browser does not say why a stream was refused; a fetch of the same URL does. */
  async #askWhy(source) {
    source.close();
    let error = null;
    try {
      const credentials = this.#request.credentials ? "include" : "same-origin";
      const response = await fetch(this.#address(), { credentials, cache: "no-store" });
      for await (const _ of readEvents(response)) break;
    } catch (refusal) {
      error = refusal;
    }
    if (source !== this.#source) return;
    if (error === null) this.drop();
    else if (error.status === 204) this.#listener.end();
    else this.#listener.fail(error);
  }
}

class FetchLane {
  #closing = new AbortController();
  #connection = new AbortController();
  #opened;

  constructor(request, listener) {
    this.#opened = Boolean(request.lastEventId);
    this.#read(request, listener);
  }

  drop() {
    this.#connection.abort();
  }

  close() {
    this.#closing.abort();
  }

  async #read({ url, fields, credentials, lastEventId, raw }, listener) {
    const { signal } = this.#closing;
    const events = streamEvents(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
      credentials: credentials ? "include" : "same-origin",
      lastEventId,
      raw,
      signal,
      fetch: (address, init) => this.#fetch(address, init),
      onOpen: ({ headers }) => {
        this.#opened = true;
        listener.open({
          run: headers.get("X-Stream-Run"),
          seed: headers.get("X-Stream-Seed"),
          fault: decode(headers.get("X-Stream-Fault")),
          encoding: headers.get("Content-Encoding"),
        });
      },
      onRetry: ({ delay, error }) => {
        const busy = error instanceof EventStreamError;
        if (this.#opened || busy) {
          return listener.retry({ delay, error: busy ? error : null });
        }
        // Another origin that does not allow this page looks like no server at all.
        this.close();
        listener.fail(error);
      },
    });
    try {
      for await (const item of events) {
        listener.event(raw ? { ...item, size: item.raw.length } : item);
      }
      listener.end();
    } catch (error) {
      if (!signal.aborted) listener.fail(error);
    }
  }

  /** Connect so that this connection alone can be cut. */
  #fetch(address, init) {
    this.#connection = new AbortController();
    const signal = AbortSignal.any([init.signal, this.#connection.signal]);
    return fetch(address, { ...init, signal });
  }
}

/** What is not ASCII in a header is percent-encoded. */
function decode(value) {
  try {
    return value && decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** By the attribute `lane`. */
export const LANES = { sse: EventSourceLane, fetch: FetchLane, ws: SocketLane };

/** Return what an error of a lane says, in the server's own words where there are any. */
export function saidBy(error) {
  if (!(error instanceof EventStreamError) || error.status === 200) return error.message;
  return error.said || `HTTP ${error.status}`;
}
