/** A stream over a WebSocket, whose client may control its own run. See lanes.js. */

// The close code where HTTP would answer 204.
const GONE = 4204;

// Until the server says when to come back.
const RETRY = 3000;

// What says text, as over HTTP; a script's own events say values.
const TEXTS = new Set(["message", "reasoning", "tool", "reset", "done", "error"]);

export class SocketLane {
  #url;
  #start;
  #raw;
  #listener;
  #socket;
  #lastId;
  #opened;
  #retry = RETRY;
  #timer;

  constructor({ url, fields, lastEventId = "", raw = false }, listener) {
    this.#url = new URL(url);
    this.#url.protocol = url.protocol.replace("http", "ws");
    // What other lanes have in the address.
    this.#start = { ...Object.fromEntries(url.searchParams), ...fields };
    this.#url.search = "";
    this.#raw = raw;
    this.#listener = listener;
    this.#lastId = lastEventId;
    this.#opened = Boolean(lastEventId);
    this.#connect();
  }

  drop() {
    // The server cuts it in the middle, and it is not the page that closed it.
    this.control("drop");
  }

  /** Let the server do something with this very run: "hold", "release", "drop". */
  control(action) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#send({ action });
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
      this.#listener.retry({ delay: this.#retry, error: null });
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #read(frame) {
    const bytes = this.#raw ? bytesOf(frame) : {};
    try {
      this.#receive(JSON.parse(frame), bytes);
    } catch (error) {
      // No server of ours sends what is no JSON, unless a fault says so.
      if (this.#raw) this.#listener.event(bytes);
      this.#listener.fail(error);
    }
  }

  #receive({ event, id, data, ...about }, bytes) {
    if (event === "open") {
      this.#opened = true;
      this.#retry = about.retry;
      this.#listener.open({ ...about, seed: String(about.seed) });
      if (this.#raw) this.#listener.event(bytes);
      return;
    }
    if (id) this.#lastId = id;
    if (event === "error" && data === undefined) data = about;
    // Values come as JSON here, and as text over HTTP.
    if (data === undefined) data = "";
    else if (typeof data !== "string" || !TEXTS.has(event)) data = JSON.stringify(data);
    this.#listener.event({ event, data, id: this.#lastId, ...bytes });
  }
}

function bytesOf(frame) {
  const raw = new TextEncoder().encode(frame);
  // RFC 6455, section 5.2: two bytes before a short frame, then four, then ten.
  const size = raw.length + (raw.length < 126 ? 2 : raw.length < 65_536 ? 4 : 10);
  return { raw, size, frame: true };
}
