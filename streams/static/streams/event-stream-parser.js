/** The event stream format, to the letter of the HTML standard, section 9.2.6. */

/**
 * @typedef {object} StreamedEvent
 * @property {string} event  its type; "message" unless the stream names one
 * @property {string} data
 * @property {string} id  the last event id, which stays until another is sent
 * @property {number} [retry]  milliseconds, where its block says so
 * @property {Uint8Array} [raw]  its block's bytes, for `{ raw: true }`
 */

/**
 * @typedef {object} ReadOptions
 * @property {boolean} [comments]  yield `{ type: "comment", text }`, too
 * @property {boolean} [raw]  give each event its bytes, and yield `{ type: "bytes", raw }`
 *   for blocks that make no event: joined, all `raw` are the whole body. (The LF of a
 *   CR LF that arrives in two pieces counts to the next block.)
 */

const LF = 0x0a;
const CR = 0x0d;

/** Turns bytes into events, however they are cut. */
export class EventStreamParser {
  /** What to send as Last-Event-ID: the id as of the last complete block. */
  lastEventId;
  /** Milliseconds to wait before connecting again, or undefined: nobody said so. */
  retry;

  #comments;
  #raw;
  // Each line is decoded on its own: no byte of a UTF-8 sequence is a line end.
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = new ByteBuffer();
  #block = new ByteBuffer();
  #firstLine = true;
  #afterCR = false;
  #id;
  #event = "";
  #data = [];
  #blockRetry;

  /** @param {ReadOptions & { lastEventId?: string, retry?: number }} [options] */
  constructor({ comments = false, raw = false, lastEventId = "", retry } = {}) {
    this.#comments = comments;
    this.#raw = raw;
    this.lastEventId = this.#id = lastEventId;
    this.retry = retry;
  }

  /**
   * Take the next bytes; return the events (and what else the options ask for) that they
   * complete.
   * @param {Uint8Array} bytes
   * @returns {StreamedEvent[]}
   */
  push(bytes) {
    if (!ArrayBuffer.isView(bytes)) {
      throw new TypeError(`push() takes a Uint8Array, not ${typeof bytes}`);
    }
    const items = [];
    // The rest of a CR LF whose line was taken at the CR: waiting for what follows would
    // hold back events that end in CR alone.
    let line = this.#afterCR && bytes[0] === LF ? 1 : 0;
    if (bytes.length) this.#afterCR = bytes.at(-1) === CR;
    let block = 0;
    for (let at = line; at < bytes.length; at++) {
      if (bytes[at] !== LF && bytes[at] !== CR) continue;
      const text = this.#decode(bytes.subarray(line, at));
      if (bytes[at] === CR && bytes[at + 1] === LF) at += 1;
      line = at + 1;
      if (text) {
        this.#readLine(text, items);
      } else {
        if (this.#raw) this.#block.append(bytes.subarray(block, line));
        block = line;
        this.#endBlock(items);
      }
    }
    this.#line.append(bytes.subarray(line));
    if (this.#raw) this.#block.append(bytes.subarray(block));
    return items;
  }

  /**
   * The connection ended: discard the unfinished block (9.2.6, "once the end of the file
   * is reached") and be ready for the next connection, which goes on after `lastEventId`.
   * @returns {StreamedEvent[]} what is left, for `{ raw: true }`
   */
  end() {
    const items = [];
    if (this.#block.length) items.push({ type: "bytes", raw: this.#block.take() });
    this.#line.take();
    this.#firstLine = true;
    this.#afterCR = false;
    this.#id = this.lastEventId;
    this.#forgetBlock();
    return items;
  }

  #decode(bytes) {
    if (this.#line.length) {
      this.#line.append(bytes);
      bytes = this.#line.take();
    }
    const text = this.#decoder.decode(bytes);
    if (!this.#firstLine) return text;
    this.#firstLine = false;
    // "UTF-8 decode" strips one BOM, at the start of the stream only.
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  #readLine(line, items) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") {
      this.#data.push(value);
    } else if (name === "event") {
      this.#event = value;
    } else if (name === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (name === "retry") {
      // At once, unlike the id: it counts even if the block never ends.
      if (/^[0-9]+$/.test(value)) this.retry = this.#blockRetry = Number(value);
    } else if (name === "" && this.#comments) {
      items.push({ type: "comment", text: value });
    }
  }

  /** "Dispatch the event" (9.2.6). */
  #endBlock(items) {
    this.lastEventId = this.#id;
    const raw = this.#raw ? { raw: this.#block.take() } : null;
    if (this.#data.length) {
      const data = this.#data.join("\n");
      const item = { event: this.#event || "message", data, id: this.#id };
      if (this.#blockRetry !== undefined) item.retry = this.#blockRetry;
      items.push(Object.assign(item, raw));
    } else if (raw) {
      items.push({ type: "bytes", ...raw });
    }
    this.#forgetBlock();
  }

  #forgetBlock() {
    this.#event = "";
    this.#data = [];
    this.#blockRetry = undefined;
  }
}

/** Bytes that came in pieces; doubles its room, so that many small pieces cost little. */
class ByteBuffer {
  length = 0;
  #room = new Uint8Array();

  append(bytes) {
    const length = this.length + bytes.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.length));
      room.set(this.#room.subarray(0, this.length));
      this.#room = room;
    }
    this.#room.set(bytes, this.length);
    this.length = length;
  }

  /** Return the bytes, and begin anew. */
  take() {
    const bytes = this.#room;
    const { length } = this;
    this.#room = new Uint8Array();
    this.length = 0;
    return bytes.length === length ? bytes : bytes.slice(0, length);
  }
}
