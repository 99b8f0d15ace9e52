/**
 * The three ways in which a <stream-player> gets its events. Each connects as soon as it
 * is made, connects again when the connection is lost, with the last event's id, and tells
 * its listener:
 *
 *   open({ run })                a connection stands; `run` is its id where that is told
 *   event({ event, data, id })   as Server-Sent Events have them, whatever the transport
 *   retry()                      the connection is lost, another will be tried
 *   fail(error)                  none will be: an EventStreamError with what the server
 *                                said, or a TypeError where it could not be asked
 *   end()                        the server has nothing more to say
 *
 * `drop()` loses the connection as a bad network would; `close()` is for good, and nothing
 * is told after it.
 */

import { EventStreamError, readEvents, streamEvents } from "./sse.js";

/**
 * @typedef {object} Request
 * @property {URL} url  of the stream's events, or of its WebSocket
 * @property {Record<string, string>} fields  prompt, seed, speed
 * @property {string[]} names  of events of the script's own
 * @property {boolean} credentials  whether cookies go to other origins, too
 */

// The close code of a WebSocket where HTTP would answer 204.
const GONE = 4204;

// An EventSource does not tell what `retry:` said.
const RETRY = 3000;

const NAMES = ["message", "reasoning", "tool", "reset", "done", "error"];

class EventSourceLane {
  #request;
  #listener;
  #source;
  #opened = false;
  #lastId = "";
  #timer;

  constructor(request, listener) {
    this.#request = request;
    this.#listener = listener;
    this.#connect();
  }

  drop() {
    this.#source.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), RETRY);
    this.#listener.retry();
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
      if (lost) this.#listener.retry();
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
  #opened = false;

  constructor(request, listener) {
    this.#read(request, listener);
  }

  drop() {
    this.#connection.abort();
  }

  close() {
    this.#closing.abort();
  }

  async #read({ url, fields, credentials }, listener) {
    const { signal } = this.#closing;
    const events = streamEvents(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
      credentials: credentials ? "include" : "same-origin",
      signal,
      fetch: (address, init) => this.#fetch(address, init),
      onOpen: ({ headers }) => {
        this.#opened = true;
        listener.open({ run: headers.get("X-Stream-Run") });
      },
      onRetry: ({ error }) => {
        const busy = error instanceof EventStreamError;
        if (this.#opened || busy) return listener.retry();
        // Another origin that does not allow this page looks like no server at all.
        this.close();
        listener.fail(error);
      },
    });
    try {
      for await (const event of events) listener.event(event);
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

class SocketLane {
  #url;
  #start;
  #listener;
  #socket;
  #opened = false;
  #lastId = "";
  #retry = RETRY;
  #timer;

  constructor({ url, fields }, listener) {
    this.#url = new URL(url);
    this.#url.protocol = url.protocol.replace("http", "ws");
    // What other lanes have in the address.
    this.#start = { ...Object.fromEntries(url.searchParams), ...fields };
    this.#url.search = "";
    this.#listener = listener;
    this.#connect();
  }

  drop() {
    // The server cuts it in the middle, and it is not the page that closed it.
    if (this.#socket.readyState === WebSocket.OPEN) this.#send({ action: "drop" });
  }

  close() {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      const after = this.#lastId ? { last_event_id: this.#lastId } : {};
      this.#send({ ...this.#start, ...after, action: "start" });
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#read(data);
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === GONE) return this.#listener.end();
      if (!this.#opened) return this.#listener.fail(new TypeError(`closed: ${code}`));
      this.#timer = setTimeout(() => this.#connect(), this.#retry);
      this.#listener.retry();
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #read(frame) {
    try {
      this.#receive(JSON.parse(frame));
    } catch (error) {
      // No server of ours sends what is no JSON, unless a fault says so.
      this.#listener.fail(error);
    }
  }

  #receive({ event, id, data, ...about }) {
    if (event === "open") {
      this.#opened = true;
      this.#retry = about.retry;
      return this.#listener.open({ run: about.run });
    }
    if (id) this.#lastId = id;
    if (event === "error" && data === undefined) data = about;
    // Values come as JSON here, and as text over HTTP.
    if (data === undefined) data = "";
    else if (typeof data !== "string" || !NAMES.includes(event)) data = JSON.stringify(data);
    this.#listener.event({ event, data, id: this.#lastId });
  }
}

/** By the attribute `lane`. */
export const LANES = { sse: EventSourceLane, fetch: FetchLane, ws: SocketLane };
