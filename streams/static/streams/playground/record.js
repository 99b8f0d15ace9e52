/** What came in one play, in order: shown by the log, and downloaded whole. */

/**
 * @typedef {object} Entry
 * @property {number} at  milliseconds since the stream was asked for
 * @property {number} [number]  of the event, from 1 on
 * @property {string} [event]
 * @property {string} [id]
 * @property {string} [data]
 * @property {number} [size]  bytes
 * @property {Uint8Array} [raw]
 * @property {boolean} [frame]  whether `raw` is a WebSocket's message
 * @property {number | null} [gap]  milliseconds since the event before
 * @property {number | null} [late]  milliseconds against the plan
 * @property {string} [note]  of the page's own, instead of what came
 */

export class Record {
  /** @type {Entry[]} */
  entries = [];

  #events = 0;
  #tell;

  /** @param {() => void} tell  called for each entry */
  constructor(tell = () => {}) {
    this.#tell = tell;
  }

  /** @param {Entry} entry */
  add(entry) {
    if (entry.event) this.#events += 1;
    this.entries.push(entry.event ? { number: this.#events, ...entry } : entry);
    this.#tell();
  }

  /** @param {"sse" | "jsonl"} kind */
  file(kind) {
    const parts =
      kind === "sse" ? this.entries.flatMap(asBytesOnTheWire) : this.entries.map(asLine);
    return new Blob(parts);
  }
}

/** The bytes where they were seen as such; else the event, written as the format has it. */
function asBytesOnTheWire({ event, id, data, raw, note, frame }) {
  if (raw && !frame) return [raw];
  if (note || !event) return [];
  const lines = [];
  if (event !== "message") lines.push(`event: ${event}`);
  if (id) lines.push(`id: ${id}`);
  lines.push(...data.split(/\r\n|\r|\n/).map((line) => `data: ${line}`));
  return [`${lines.join("\n")}\n\n`];
}

function asLine({ raw, frame, ...entry }) {
  if (raw && !entry.event) entry.raw = text(raw);
  return `${JSON.stringify(entry)}\n`;
}

/** Write an event as JSON that people read; data that is JSON itself, as such. */
export function asJson({ number, at, gap, late, event, id, size, data }) {
  const tenth = (value) => (value == null ? undefined : Math.round(value * 10) / 10);
  const times = { at: tenth(at), gap: tenth(gap), late: tenth(late) };
  const entry = { number, ...times, event, id, size, data: parsed(data) };
  return JSON.stringify(entry, null, 2);
}

function parsed(data) {
  // Numbers as long as these would be rounded.
  if (/\d{16}/.test(data)) return data;
  try {
    const value = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : data;
  } catch {
    return data;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as text; where they are no UTF-8, those beyond ASCII as \xNN. */
export function text(bytes) {
  if (!bytes) return "";
  try {
    return strict.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    ).join("");
  }
}
