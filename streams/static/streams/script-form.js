/**
 * The body of a script in the admin: directions stand out, the line of an error too, and
 * every direction can be put in at the cursor. Without JavaScript it is a text area.
 */

// As `streams.core.script` finds them.
const OPENING = /<!--\s*stream:/g;
const END_OF_LITERAL = /<!--\s*stream:\s*\/literal\s*-->/g;

/** Longer texts are not marked: that would take too long at every key. */
const MOST_MARKED = 100_000;

class ScriptEditor {
  #area;
  #marks = document.createElement("div");
  #select;
  #help;
  #line;
  #known;
  #drawing = 0;
  #wrongLine;

  constructor(editor) {
    this.#area = editor.querySelector("textarea");
    this.#select = editor.querySelector("select");
    this.#help = editor.querySelector(".help");
    this.#line = editor.querySelector(".script-line");
    this.#wrongLine = Number(this.#area.dataset.errorLine ?? 0);
    this.#known = new Set();
    for (const { dataset } of this.#select.options) {
      this.#known.add(dataset.name);
      if (dataset.closing) this.#known.add(`/${dataset.name}`);
    }
    this.#layUnder();
    editor.querySelector(".script-insert").hidden = false;
    editor.querySelector("button").addEventListener("click", () => this.#insert());
    this.#select.addEventListener("change", () => this.#explain());
    this.#area.addEventListener("input", () => {
      this.#wrongLine = 0;
      this.#drawSoon();
    });
    this.#area.addEventListener("scroll", () => this.#follow());
    document.addEventListener("selectionchange", () => this.#tellLine());
    this.#explain();
    this.#draw();
    this.#goToError();
  }

  /** Put the marks behind the text, in a box that is always as large. */
  #layUnder() {
    const box = document.createElement("div");
    box.className = "script-area";
    this.#marks.className = "script-marks";
    this.#marks.setAttribute("aria-hidden", "true");
    this.#area.before(box);
    box.append(this.#marks, this.#area);
  }

  #insert() {
    const { value, dataset } = this.#select.selectedOptions[0];
    const { selectionStart, selectionEnd } = this.#area;
    const selected = this.#area.value.slice(selectionStart, selectionEnd);
    const inside = dataset.closing ? selected || dataset.inside : selected;
    this.#area.focus();
    const text = dataset.closing ? value + inside + dataset.closing : inside + value;
    // The only way in that can be undone.
    if (!document.execCommand("insertText", false, text)) {
      this.#area.setRangeText(text, selectionStart, selectionEnd, "end");
      this.#area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  #explain() {
    this.#help.textContent = this.#select.selectedOptions[0].dataset.help;
  }

  #tellLine() {
    if (document.activeElement !== this.#area) return;
    const before = this.#area.value.slice(0, this.#area.selectionEnd);
    const line = before.split("\n").length;
    this.#line.textContent = this.#line.dataset.line.replace("0", line);
  }

  #drawSoon() {
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = 0;
    const text = this.#area.value;
    this.#marks.replaceChildren();
    if (text.length > MOST_MARKED) return;
    const wrong = this.#wrongLine ? lineAt(text, this.#wrongLine) : null;
    let done = 0;
    for (const { start, end, kind } of [...this.#pieces(text), { start: text.length }]) {
      this.#add(text, done, start, wrong, null);
      if (kind) this.#add(text, start, end, wrong, kind);
      done = end;
    }
    // A last line that is empty has its height only if something follows it.
    this.#marks.append("\n");
    this.#follow();
  }

  /** Find the directions, without what is between `literal` and `/literal`. */
  *#pieces(text) {
    OPENING.lastIndex = 0;
    for (let match; (match = OPENING.exec(text)); ) {
      const close = text.indexOf("-->", OPENING.lastIndex);
      if (close < 0) return;
      const [name] = text.slice(OPENING.lastIndex, close).trim().split(/\s/, 1);
      const kind = this.#known.has(name) ? "direction" : "unknown";
      const end = close + "-->".length;
      yield { start: match.index, end, kind };
      OPENING.lastIndex = end;
      if (name === "literal") {
        END_OF_LITERAL.lastIndex = end;
        const closing = END_OF_LITERAL.exec(text);
        if (!closing) return;
        OPENING.lastIndex = closing.index;
      }
    }
  }

  /** Add a part of the text, what of it is on the wrong line by itself. */
  #add(text, start, end, wrong, kind) {
    const cuts = wrong ? wrong.filter((at) => start < at && at < end) : [];
    let from = start;
    for (const to of [...cuts, end]) {
      if (from === to) continue;
      const isWrong = wrong && wrong[0] <= from && from < wrong[1];
      const classes = [kind, isWrong ? "wrong" : null].filter(Boolean);
      const part = classes.length ? document.createElement("mark") : null;
      if (part) {
        part.className = classes.join(" ");
        part.append(text.slice(from, to));
      }
      this.#marks.append(part ?? text.slice(from, to));
      from = to;
    }
  }

  #follow() {
    this.#marks.scrollTop = this.#area.scrollTop;
    this.#marks.scrollLeft = this.#area.scrollLeft;
  }

  #goToError() {
    if (!this.#wrongLine) return;
    const [start, end] = lineAt(this.#area.value, this.#wrongLine);
    this.#area.setSelectionRange(start, end);
    const mark = this.#marks.querySelector(".wrong");
    if (mark) this.#area.scrollTop = mark.offsetTop - this.#area.clientHeight / 3;
  }
}

/** Return where a line, counted from 1, begins and ends. */
function lineAt(text, number) {
  const lines = text.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  return [start, start + Math.max(1, lines[number - 1]?.length ?? 0)];
}

document.addEventListener("DOMContentLoaded", () => {
  for (const editor of document.querySelectorAll(".script-editor")) {
    new ScriptEditor(editor);
  }
});
