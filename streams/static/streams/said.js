/**
 * What a stream says, as it is typed: as Markdown, plain or raw. The page changes at most once
 * a frame, however many events there are, and never as HTML.
 */

// Text that moves all the time is what some people asked their system to spare them.
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const PAUSE = 1000;

/** Milliseconds of a frame; what is not shown by then is shown in the next ones. */
const BUDGET = 12;
/** After a frame of more than that, the page is left alone for three times as long. */
const TIRING = 16;

const sentences = Intl.Segmenter && new Intl.Segmenter(undefined, { granularity: "sentence" });

// Loaded where it is wanted: plain text needs none of it.
let markdown = null;
let loading = null;
const loadMarkdown = () =>
  (loading ??= import("./markdown.js").then((module) => (markdown = module)));

export class Said {
  #element;
  #hasTabIndex;
  #mode = "rendered";
  #typing = false;
  #paused = false;
  #asItArrives = false;
  /** @type {{kind: string, text: string, released: number, taken: number, view: object?}[]} */
  #parts = [];
  // The first part that is not whole on the page.
  #at = 0;
  #heard = 0;
  #noticed = 0;
  #frame = 0;
  #timer = 0;
  #rest = 0;

  /** @param {HTMLElement} element  for the text; it follows the end while that is in view */
  constructor(element) {
    this.#element = element;
    this.#hasTabIndex = element.hasAttribute("tabindex");
  }

  /** The answer, without what the model thought and called. */
  get text() {
    const answer = this.#parts.filter(({ kind }) => !kind);
    return answer.map(({ text }) => text).join("");
  }

  /** Whether more is to come. */
  set typing(on) {
    this.#typing = on;
    this.#element.toggleAttribute("data-typing", on);
    if (on && this.#mode === "rendered") loadMarkdown().catch(() => {});
    if (!on) this.draw();
  }

  /** While paused, what is heard waits. */
  set paused(on) {
    this.#paused = on;
    if (on) this.#sleep();
    else this.draw();
  }

  /** "rendered", "plain" or "raw", also for what was said already. */
  set mode(mode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    for (const part of this.#parts) {
      part.taken = 0;
      part.view = null;
    }
    this.#at = 0;
    this.#empty();
    this.draw();
  }

  /** Otherwise, for those who asked for less motion, it comes in sentences, once a second. */
  set asItArrives(on) {
    this.#asItArrives = on;
    if (on) this.draw();
  }

  /** @param {"" | "reasoning" | "tool"} kind  empty for the answer itself */
  append(kind, text) {
    this.#heard += text.length;
    const last = this.#parts.at(-1);
    if (last?.kind === kind && kind !== "tool") last.text += text;
    else this.#parts.push({ kind, text, released: 0, taken: 0, view: null });
    this.#wake();
  }

  /** Show what waits for its frame, if that can be done in one. */
  draw() {
    this.#show(true);
  }

  clear() {
    this.#sleep();
    this.#parts = [];
    this.#at = this.#heard = this.#noticed = this.#rest = 0;
    if (!this.#hasTabIndex) this.#element.removeAttribute("tabindex");
    this.#empty();
  }

  #empty() {
    this.#element.replaceChildren();
    this.#element.removeAttribute("data-rendered");
  }

  get #isStill() {
    return stillness.matches && !this.#asItArrives;
  }

  #wake() {
    if (this.#frame || this.#timer || this.#paused) return;
    const wait = this.#isStill ? PAUSE : this.#rest;
    if (wait) this.#timer = setTimeout(() => this.#tick(), wait);
    else this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #sleep() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = 0;
  }

  #tick() {
    // When nothing more comes, half a sentence is what there is.
    const isAll = !this.#isStill || this.#heard === this.#noticed;
    this.#noticed = this.#heard;
    this.#show(isAll);
  }

  #show(isAll) {
    this.#sleep();
    if (!this.#parts.length) return;
    if (this.#mode === "rendered" && !markdown) {
      loadMarkdown().then(
        () => this.#show(isAll),
        // A copy of this module without the other: its text is worth more than its looks.
        () => (this.mode = "plain"),
      );
      return;
    }
    const element = this.#element;
    const begun = performance.now();
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    const isDone = this.#fill(begun + BUDGET, isAll);
    // Whoever cannot scroll with a pointer needs to get there by Tab; others do not.
    if (!this.#hasTabIndex && element.scrollHeight > element.clientHeight) element.tabIndex = 0;
    if (atEnd) element.scrollTop = element.scrollHeight;
    const took = performance.now() - begun;
    this.#rest = took > TIRING ? took * 3 : 0;
    const last = this.#parts.at(-1);
    if (!isDone) this.#frame = requestAnimationFrame(() => this.#show(isAll));
    else if (last.released < last.text.length) this.#wake();
  }

  /** Hand over what came; false if the time was not enough. */
  #fill(until, isAll) {
    for (;;) {
      const part = this.#parts[this.#at];
      const isLast = this.#at === this.#parts.length - 1;
      if (!this.#paused) part.released = isLast && !isAll ? endOfSentence(part) : part.text.length;
      if (!part.released) return true;
      part.view ??= this.#begin(part.kind);
      part.view.append(part.text.slice(part.taken, part.released));
      part.taken = part.released;
      if (!part.view.draw(until, isLast && this.#typing)) return false;
      if (isLast) return true;
      this.#at += 1;
      if (performance.now() > until) return false;
    }
  }

  #begin(kind) {
    const isRendered = this.#mode === "rendered" && kind !== "tool";
    const box = document.createElement(isRendered ? "div" : "span");
    box.setAttribute("part", kind || "answer");
    if (kind) box.classList.add(kind);
    this.#element.append(box);
    this.#element.toggleAttribute("data-rendered", isRendered);
    if (!isRendered) return new Verbatim(box, this.#mode === "raw" ? visible : String);
    box.classList.add("rendered");
    const { adoptedStyleSheets: sheets } = box.getRootNode();
    if (sheets && !sheets.includes(markdown.sheet)) sheets.push(markdown.sheet);
    return new markdown.Markdown(box);
  }
}

/** A text as it is. */
class Verbatim {
  #text = document.createTextNode("");
  #write;

  constructor(box, write) {
    box.append(this.#text);
    this.#write = write;
  }

  // The same node grows, so that what somebody selected in it stays selected.
  append(text) {
    if (text) this.#text.appendData(this.#write(text));
  }

  draw() {
    return true;
  }
}

/** Ends of lines, controls, directions: what is only seen by what it does. */
const HIDDEN = /[\0-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function visible(text) {
  return text.replace(HIDDEN, (one) => {
    const code = one.charCodeAt(0);
    if (one === "\n") return "␊\n";
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "␡";
    return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

function endOfSentence({ text, released }) {
  const rest = text.slice(released);
  const last = rest && sentences?.segment(rest).containing(rest.length - 1);
  return last ? released + last.index : text.length;
}
