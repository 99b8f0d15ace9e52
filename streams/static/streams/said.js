/** The text as it is typed: one change of the page a frame, however many events it has. */

export class Said {
  #element;
  #pending = [];
  #kind = null;
  #drawing = 0;
  #paused = false;

  constructor(element) {
    this.#element = element;
  }

  set typing(on) {
    this.#element.toggleAttribute("data-typing", on);
  }

  /** While paused, what is heard waits. */
  set paused(on) {
    this.#paused = on;
    this.draw();
  }

  /** `kind` is empty for the answer, whose text stands by itself. */
  append(kind, text) {
    const last = this.#pending.at(-1);
    if (last?.kind === kind && kind !== "tool") last.text += text;
    else this.#pending.push({ kind, text });
    this.#drawing ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    if (this.#paused || !this.#pending.length) return;
    const element = this.#element;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    for (const { kind, text } of this.#pending) this.#add(kind, text);
    this.#pending = [];
    if (atEnd) element.scrollTop = element.scrollHeight;
  }

  clear() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    this.#pending = [];
    this.#kind = null;
    this.#element.replaceChildren();
  }

  #add(kind, text) {
    if (kind !== this.#kind || kind === "tool") {
      const part = kind ? document.createElement("span") : "";
      if (kind) {
        part.className = kind;
        part.append("");
      }
      this.#element.append(part);
      this.#kind = kind;
    }
    const last = this.#element.lastChild;
    (last.firstChild ?? last).appendData(text);
  }
}
