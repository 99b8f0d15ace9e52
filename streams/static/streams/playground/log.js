/**
 * What came, event by event: as a table, or as the bytes themselves. The page keeps the
 * last 2,000 rows, and follows the newest only while its end is in sight; what is
 * downloaded is complete.
 */

const MOST_ROWS = 2000;
const COLUMNS = ["number", "at", "gap", "late", "id", "event", "size", "data"];

export class EventLog {
  #element;
  #words;
  #number;
  #scroller;
  #body;
  #bytes;
  #jump;
  #entries = [];
  #events = 0;
  #drawn = 0;
  #missed = 0;
  #drawing = 0;
  #paused = false;
  #following = true;

  constructor(element, words, number) {
    this.#element = element;
    this.#words = words;
    this.#number = number;
    this.#scroller = element.querySelector("[data-rows]");
    this.#body = element.querySelector("tbody");
    this.#bytes = element.querySelector("[data-bytes]");
    this.#jump = element.querySelector("[data-jump]");
    this.#scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
      this.#following = scrollHeight - scrollTop - clientHeight < 24;
      if (this.#following) this.#catchUp();
    });
    // Rows that come into sight may turn out to be higher than was thought.
    new ResizeObserver(() => this.#following && this.#follow()).observe(this.#body);
    this.#jump.addEventListener("click", () => {
      this.#following = true;
      this.#follow();
      this.#scroller.focus();
    });
    for (const choice of element.querySelectorAll("[name=log-view]")) {
      choice.addEventListener("change", () => this.#show(choice.value));
    }
    for (const button of element.querySelectorAll("[data-download]")) {
      button.addEventListener("click", () => this.#download(button.dataset.download));
    }
  }

  set paused(on) {
    this.#paused = on;
    this.#draw();
  }

  /** How many entries a pause keeps from sight. */
  get waiting() {
    return this.#entries.length - this.#drawn;
  }

  /** @param {{ at: number, event?: string, id?: string, data?: string, size?: number,
   *   raw?: Uint8Array, gap?: number | null, late?: number | null, note?: string }} entry */
  add(entry) {
    if (entry.event) this.#events += 1;
    this.#entries.push(entry.event ? { number: this.#events, ...entry } : entry);
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  clear() {
    this.#entries = [];
    this.#events = 0;
    this.#drawn = 0;
    this.#body.replaceChildren();
    this.#bytes.replaceChildren();
    this.#following = true;
    this.#catchUp();
    this.#offerDownloads();
  }

  #show(view) {
    this.#element.dataset.view = view;
    this.#body.replaceChildren();
    this.#bytes.replaceChildren();
    this.#drawn = Math.max(0, this.#drawn - MOST_ROWS);
    this.#following = true;
    this.#catchUp();
    this.#draw();
  }

  #draw() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    if (this.#paused) return;
    const asBytes = this.#element.dataset.view === "bytes";
    const place = asBytes ? this.#bytes : this.#body;
    const from = Math.max(this.#drawn, this.#entries.length - MOST_ROWS);
    const fresh = this.#entries.slice(from);
    if (this.#drawn < from) place.replaceChildren();
    this.#missed += this.#entries.length - this.#drawn;
    this.#drawn = this.#entries.length;
    place.append(...fresh.map((entry) => (asBytes ? block(entry) : this.#row(entry))));
    while (place.childElementCount > MOST_ROWS) place.firstElementChild.remove();
    this.#offerDownloads();
    if (this.#following) this.#follow();
    else if (this.#missed) {
      this.#jump.textContent = this.#words.jump.replace("[n]", this.#missed);
      this.#jump.hidden = false;
    }
  }

  #follow() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#catchUp();
  }

  #catchUp() {
    this.#missed = 0;
    this.#jump.hidden = true;
  }

  #row(entry) {
    const row = document.createElement("tr");
    const ms = (value) => (value == null ? "" : this.#number(value));
    const said = {
      number: entry.number ?? "",
      at: ms(entry.at),
      gap: ms(entry.gap),
      late: entry.late == null ? "" : signed(entry.late, this.#number),
      id: entry.id ?? "",
      event: entry.event ?? "",
      size: ms(entry.size),
    };
    for (const name of COLUMNS) {
      const cell = document.createElement("td");
      cell.dataset.is = name;
      if (name === "data") {
        // Marked, so that a space at its end is seen.
        const data = document.createElement(entry.event ? "span" : "em");
        data.textContent = entry.event ? entry.data : (entry.note ?? text(entry.raw).trim());
        cell.append(data);
      } else {
        cell.textContent = said[name];
      }
      row.append(cell);
    }
    if (entry.note) row.dataset.note = "";
    return row;
  }

  #offerDownloads() {
    for (const button of this.#element.querySelectorAll("[data-download]")) {
      button.disabled = !this.#entries.length;
    }
  }

  #download(kind) {
    const parts =
      kind === "sse" ? this.#entries.flatMap(asBytesOnTheWire) : this.#entries.map(asJson);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts));
    link.download = `${this.#element.dataset.slug}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
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

function asJson({ raw, frame, ...entry }) {
  if (raw && !entry.event) entry.raw = text(raw);
  return `${JSON.stringify(entry)}\n`;
}

function signed(value, number) {
  const rounded = Math.round(value) || 0; // -0 is written as such.
  return rounded > 0 ? `+${number(rounded)}` : number(rounded);
}

/** What a block of bytes looks like, line ends and all. */
function block({ raw, note, event, data, id }) {
  const line = document.createElement("div");
  if (note) line.dataset.note = "";
  const shown = raw ? text(raw) : (note ?? `${event} ${id} ${data}`);
  for (const part of shown.split(/([\r\n])/)) {
    if (part === "\r" || part === "\n") {
      const end = document.createElement("i");
      end.dataset.end = part === "\r" ? "\\r" : "\\n";
      line.append(end);
    }
    line.append(part);
  }
  return line;
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
