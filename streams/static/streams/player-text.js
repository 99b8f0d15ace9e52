/** What was said so far, shown as text: one change of the page a frame, never HTML. */

// Text that moves all the time is what some people asked their system to spare them.
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const PAUSE = 1000;

export class Transcript {
  /** What was said, without what the model thought and called. */
  text = "";

  #box;
  #pending = [];
  #kind = null;
  #frame = 0;
  #timer = 0;

  /** @param {HTMLElement} box  for the text; it follows the end while that is in view */
  constructor(box) {
    this.#box = box;
  }

  /** @param {"" | "reasoning" | "tool"} kind  empty for the answer itself */
  add(kind, text) {
    if (!kind) this.text += text;
    const last = this.#pending.at(-1);
    if (last?.kind === kind && kind !== "tool") last.text += text;
    else this.#pending.push({ kind, text });
    if (this.#frame || this.#timer) return;
    if (stillness.matches) this.#timer = setTimeout(() => this.draw(), PAUSE);
    else this.#frame = requestAnimationFrame(() => this.draw());
  }

  /** Show at once what waits for its frame. */
  draw() {
    this.#wait();
    if (!this.#pending.length) return;
    const box = this.#box;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    for (const { kind, text } of this.#pending) this.#append(kind, text);
    this.#pending = [];
    // Whoever cannot scroll with a pointer needs to get there by Tab; others do not.
    if (box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  clear() {
    this.#wait();
    this.text = "";
    this.#pending = [];
    this.#kind = null;
    this.#box.removeAttribute("tabindex");
    this.#box.replaceChildren();
  }

  #wait() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = 0;
  }

  #append(kind, text) {
    if (kind !== this.#kind || kind === "tool") {
      const piece = document.createElement("span");
      piece.setAttribute("part", kind || "answer");
      piece.append("");
      this.#box.append(piece);
      this.#kind = kind;
    }
    // The same text node grows, so that what somebody selected in it stays selected.
    this.#box.lastChild.firstChild.appendData(text);
  }
}
