/**
 * What came, event by event: as a table, or as the bytes themselves, all of it or what a
 * filter lets through. The page keeps the last 2,000 rows, and follows the newest only
 * while its end is in sight; what is downloaded is complete.
 */

import { copyText, sayBriefly } from "./copy.js";
import { Record, text } from "./record.js";
import { findButton, makeBytes, makeRow, toggle } from "./row.js";

const MOST_ROWS = 2000;
// Rows are laid out in blocks: then a new one moves those of its own block at most.
const BLOCK = 50;
// Milliseconds: laying rows out takes time that the text needs more.
const EVERY = 100;

export class EventLog {
  #element;
  #words;
  #scroller;
  #table;
  #bytes;
  #block = null;
  #jump;
  #filter;
  #filtered;
  #record = new Record();
  #entryOf = new WeakMap();
  #drawn = 0;
  #found = 0;
  #missed = 0;
  #drawing = 0;
  #frame = 0;
  #until = Infinity;
  #following = true;
  #reached = null;

  /** @param {HTMLElement} element
   * @param {import("./words.js").Words} words */
  constructor(element, words) {
    this.#element = element;
    this.#words = words;
    this.#scroller = element.querySelector("[data-rows]");
    this.#table = element.querySelector("table");
    this.#bytes = element.querySelector("[data-bytes]");
    this.#jump = element.querySelector("[data-jump]");
    this.#filter = element.querySelector("[data-filter]");
    this.#filtered = element.querySelector("[data-filtered]");
    this.#scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
      // Not shown, it has no end.
      if (!clientHeight) return;
      this.#following = scrollHeight - scrollTop - clientHeight < 24;
      if (this.#following) this.#catchUp();
    });
    // Rows that come into sight may turn out to be higher than was thought.
    const higher = new ResizeObserver(() => this.#following && this.#follow());
    for (const place of [this.#table, this.#bytes]) higher.observe(place);
    this.#jump.addEventListener("click", () => {
      this.#following = true;
      this.#follow();
      this.#scroller.focus();
    });
    this.#filter.addEventListener("input", () => this.#startOver());
    this.#table.addEventListener("click", (event) => this.#press(event));
    this.#table.addEventListener("keydown", (event) => this.#move(event));
    for (const button of element.querySelectorAll("[data-download]")) {
      button.addEventListener("click", () => this.#download(button.dataset.download));
    }
  }

  /** While paused, what comes waits. */
  set paused(on) {
    this.#until = on ? this.#record.entries.length : Infinity;
    this.#draw();
  }

  /** @param {"table" | "bytes" | "timeline"} name */
  set view(name) {
    if (name === this.#element.dataset.view) return;
    this.#element.dataset.view = name;
    this.#startOver();
  }

  get record() {
    return this.#record;
  }

  /** Show another play's, from its start. */
  set record(record) {
    this.#record = record;
    if (this.#until !== Infinity) this.#until = record.entries.length;
    this.#startOver();
  }

  /** There is more in the record than before. */
  refresh() {
    // In a frame: before those, a browser tells of what its reader scrolled.
    this.#drawing ||= setTimeout(() => {
      this.#frame = requestAnimationFrame(() => this.#draw());
    }, EVERY);
  }

  #startOver() {
    this.#empty();
    this.#drawn = this.#found = 0;
    this.#following = true;
    this.#catchUp();
    this.#draw();
  }

  #draw() {
    clearTimeout(this.#drawing);
    cancelAnimationFrame(this.#frame);
    this.#drawing = 0;
    this.#offerDownloads();
    const { view } = this.#element.dataset;
    if (view === "timeline") return;
    const { entries } = this.#record;
    const found = this.#search(entries.slice(this.#drawn, this.#until));
    const fresh = found.slice(-MOST_ROWS);
    if (fresh.length === MOST_ROWS) this.#empty();
    this.#missed += found.length;
    this.#found += found.length;
    this.#drawn = Math.min(entries.length, this.#until);
    for (const entry of fresh) this.#append(view, entry);
    this.#reachLast();
    this.#filtered.textContent = this.#filter.value
      ? this.#words.say("found", {
          n: this.#words.number(this.#found),
          all: this.#words.number(this.#drawn),
        })
      : "";
    if (this.#following) this.#follow();
    else if (this.#missed) {
      this.#jump.textContent = this.#words.say("jump", { n: this.#missed });
      this.#jump.hidden = false;
    }
  }

  /** Return those that have what is looked for in their name or text. */
  #search(entries) {
    const wanted = this.#filter.value.toLowerCase();
    if (!wanted) return entries;
    const has = (said) => said?.toLowerCase().includes(wanted);
    return entries.filter(
      ({ event, data, id, note, raw }) =>
        has(event) || has(data) || has(id) || has(note) || (!event && has(text(raw))),
    );
  }

  #empty() {
    this.#bytes.replaceChildren();
    for (const body of [...this.#table.tBodies]) body.remove();
    this.#block = this.#reached = null;
  }

  #append(view, entry) {
    const asBytes = view === "bytes";
    if (!this.#block || this.#block.childElementCount === BLOCK) {
      this.#block = document.createElement(asBytes ? "div" : "tbody");
      (asBytes ? this.#bytes : this.#table).append(this.#block);
      const blocks = asBytes ? this.#bytes.children : this.#table.tBodies;
      if (blocks.length > MOST_ROWS / BLOCK) blocks[0].remove();
    }
    const line = asBytes ? makeBytes(entry) : makeRow(entry, this.#words);
    this.#entryOf.set(line, entry);
    this.#block.append(line);
  }

  #follow() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#catchUp();
  }

  #catchUp() {
    this.#missed = 0;
    this.#jump.hidden = true;
  }

  // Rows

  #press({ target }) {
    const row = target.closest("tr");
    if (target.closest("[data-copy]")) return this.#copy(row);
    const button = findButton(row);
    // Whoever marks text with the mouse does not mean to fold it away.
    const marks = target !== button && !getSelection().isCollapsed;
    if (!button || marks || target.closest("[data-is=whole]")) return;
    toggle(row, this.#entryOf.get(row), this.#words);
    this.#reach(button);
  }

  /** Up and down go from event to event. */
  #move(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.ariaExpanded) return;
    event.preventDefault();
    const buttons = [...this.#table.querySelectorAll("[aria-expanded]")];
    const next = buttons[buttons.indexOf(event.target) + step];
    if (!next) return;
    this.#reach(next);
    next.focus();
  }

  #reach(button) {
    if (this.#reached) this.#reached.tabIndex = -1;
    this.#reached = button;
    button.tabIndex = 0;
  }

  /** Let Tab find the newest event, unless somebody is among them already. */
  #reachLast() {
    if (this.#table.contains(document.activeElement)) return;
    const last = [...(this.#block?.querySelectorAll("[aria-expanded]") ?? [])].at(-1);
    if (last) this.#reach(last);
  }

  async #copy(row) {
    const code = row.querySelector("code");
    const button = row.querySelector("[data-copy]");
    const copied = await copyText(code.textContent);
    if (!copied) getSelection().selectAllChildren(code);
    sayBriefly(button, this.#words.say(copied ? "copied" : "selected"));
  }

  // Files

  #offerDownloads() {
    for (const button of this.#element.querySelectorAll("[data-download]")) {
      button.disabled = !this.#record.entries.length;
    }
  }

  #download(kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(this.#record.file(kind));
    link.download = `${this.#element.dataset.slug}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
