/**
 * A Markdown text, shown while it comes. Blocks that are whole are never touched again: what
 * is selected in them stays so. The rest, which is short, is read anew each time: the block
 * that is open, the item of its list, the row of its table. An open fence only grows.
 *
 * In the end there is what the whole text would have been at once, but for what this needs:
 * - `[label]: address` counts for what comes after it, and for the block just before it;
 * - a block of more than 16,000 code units (an item of a list, a row of a table: each for
 *   itself; code between fences: never) goes on as another block, and marks find each other
 *   within 3,000;
 * - a list of more than 100 items, or a table of more rows, goes on as another one, and
 *   code of more than 8,000 code units in another element;
 * - more than 24 blocks in each other, or marks, and more than 40 columns, are text.
 */

import { FENCE, Fence } from "./markdown/fence.js";
import { isBlank, isDelimiter, mayBegin } from "./markdown/lines.js";
import { blocks, items, rows } from "./markdown/nodes.js";
import { patch } from "./markdown/patch.js";
import { Reader, breakpoint } from "./markdown/reader.js";
import { healed } from "./markdown/tail.js";

export { sheet } from "./markdown/style.js";

/** Code units of a block that are read together. */
const LONGEST = 16_000;
/** Blocks that share a box: one that is whole is laid out no more, however much is in it. */
const MANY = 50;
/** Items of a list, or rows of a table, that are laid out together. */
const LARGEST = 100;

export class Markdown {
  #place;
  // The last box in it, and how many of the box's children will not change.
  #root = null;
  #final = MANY;
  #reader = new Reader();
  #links = Object.create(null);
  // What is not final: it begins where a block does, an item, or code.
  #source = "";
  #isReturn = false;
  // What is known of its whole lines: their length, the first that is not blank …
  #looked = 0;
  #first = null;
  #isAfterBlank = false;
  // … and from which length on it is worth while to look for another block.
  #patience = 0;
  // A list or a table that goes on, whose first children will not change; without a body,
  // it goes on as another one.
  #open = null;
  #fence = null;
  #shown = null;

  /** @param {Element} place  an empty one, for this text alone */
  constructor(place) {
    this.#place = place;
  }

  append(text) {
    const all = (this.#isReturn ? "\r" : "") + text;
    // Perhaps the first half of a line's end.
    this.#isReturn = all.endsWith("\r");
    const whole = this.#isReturn ? all.slice(0, -1) : all;
    this.#source += whole.replace(/\r\n?/g, "\n");
  }

  /**
   * Show what came.
   *
   * @param {number} until  when to leave off, as `performance.now()` has it
   * @param {boolean} isOpen  whether more is to come
   * @returns {boolean} whether all is shown
   */
  draw(until, isOpen) {
    if (!isOpen && this.#isReturn) this.append("\n");
    while (this.#step(isOpen)) {
      if (performance.now() > until) return false;
    }
    if (this.#fence) return true;
    const source = isOpen ? healed(this.#source) : this.#source;
    if (source === this.#shown) return true;
    this.#show(this.#read((this.#open?.head ?? "") + source));
    this.#shown = source;
    return true;
  }

  /** Take one more line; false if there is none. */
  #step(isOpen) {
    if (this.#fence) return this.#takeCode(isOpen);
    const end = this.#source.indexOf("\n", this.#looked) + 1;
    const isLong = (end || this.#source.length) > LONGEST;
    if (!end && !isLong) return false;
    if (this.#open?.head) this.#takeRow(isLong ? 0 : end);
    else if (isLong) this.#cutLong();
    else this.#takeLine(this.#source.slice(this.#looked, end - 1), end);
    return true;
  }

  #takeCode(isOpen) {
    this.#advance(this.#fence.take(this.#source, !isOpen));
    if (this.#fence.isOpen) return false;
    this.#fence = null;
    return true;
  }

  #takeRow(end) {
    const tokens = this.#read(this.#open.head + this.#source.slice(0, end));
    if (end && tokens.length === 1 && tokens[0].rows?.length === 1) {
      const { head, count } = this.#open;
      if (count < LARGEST) {
        this.#show(tokens);
        this.#open.count += 1;
      } else {
        this.#show([]);
        this.#endBox();
        this.#openTable(tokens, head, 1);
      }
      this.#advance(end);
    } else {
      this.#show([]);
      this.#finish();
    }
  }

  #takeLine(line, end) {
    if (!isBlank(line)) {
      const first = this.#first;
      if (first === null && FENCE.test(line)) return this.#begin(line, end);
      const isDue = first !== null && this.#looked >= this.#patience;
      if (isDue && mayBegin(line, first, this.#isAfterBlank)) {
        if (this.#cut(line, end)) return;
        this.#patience = this.#looked * 1.25 + 200;
      }
      this.#first ??= line;
      this.#isAfterBlank = false;
    } else this.#isAfterBlank = true;
    this.#looked = end;
  }

  #begin(line, end) {
    this.#commit(this.#read(`${line}\n`), end);
    const code = this.#root.lastElementChild.firstElementChild;
    this.#fence = new Fence(line, code);
  }

  /** Make what stands before a line final, if the line is none of it. */
  #cut(line, end) {
    const tokens = this.#read(this.#source.slice(0, end));
    let length = 0;
    const starts = tokens.map(({ raw }) => {
      length += raw.length;
      return length - raw.length;
    });
    if (length !== end) return false;
    const border = starts.indexOf(this.#looked);
    if (border > 0) {
      this.#commit(tokens.slice(0, border), this.#looked);
      return true;
    }
    const [last, start] = [tokens.at(-1), starts.at(-1)];
    if (last.type === "list") return this.#cutList(tokens, start);
    if (last.type !== "table" || last.rows.length || !isDelimiter(line)) return false;
    return this.#cutTable(tokens, start, end);
  }

  #cutTable(tokens, start, end) {
    const head = this.#source.slice(start, end);
    // Some are one only behind a paragraph.
    if (this.#read(head)[0].type !== "table") return false;
    this.#openTable(tokens, head, 0);
    this.#advance(end);
    return true;
  }

  #openTable(tokens, head, count) {
    this.#show(tokens);
    this.#finish(tokens);
    const body = this.#root.lastElementChild.querySelector("tbody");
    this.#open = { type: "table", head, body, count };
  }

  #cutList(tokens, start) {
    const list = tokens.at(-1);
    const whole = list.items.slice(0, -1);
    const length = whole.reduce((sum, { raw }) => sum + raw.length, start);
    if (!whole.length || length !== this.#looked) return false;
    this.#show([...tokens.slice(0, -1), { ...list, items: whole }]);
    // Whether items stand apart can show late; that is an attribute of their list.
    const goesOn = tokens.length === 1 ? this.#open : null;
    this.#finish(tokens.slice(0, -1));
    const body = goesOn?.body ?? this.#root.lastElementChild;
    const count = body.childNodes.length;
    const isLoose = list.loose || Boolean(goesOn?.isLoose);
    this.#open = { type: "list", body, count, isLoose };
    if (count >= LARGEST) {
      this.#endBox();
      const start = (body.start ?? 0) + count;
      this.#open = { type: "list", body: null, count: 0, isLoose, start };
    }
    this.#advance(length);
    return true;
  }

  #cutLong() {
    const length =
      this.#looked > LONGEST / 2 ? this.#looked : breakpoint(this.#source, LONGEST);
    this.#commit(this.#read(this.#source.slice(0, length)), length);
  }

  #read(source) {
    return this.#reader.read(source, this.#links);
  }

  /** Show these behind what is final. */
  #show(tokens) {
    const open = this.#open;
    let rest = tokens;
    if (open?.body === null && tokens[0]?.type === "list") {
      const [list, ...others] = tokens;
      const loose = open.isLoose || list.loose;
      rest = [{ ...list, start: open.start, loose, goesOn: true }, ...others];
    } else if (open?.body) {
      const goesOn = tokens[0]?.type === open.type;
      rest = tokens.slice(goesOn ? 1 : 0);
      patch(open.body, open.count, goesOn ? (open.head ? rows : items)(tokens[0]) : []);
      const isLoose = open.isLoose || (goesOn && tokens[0].loose);
      if (!open.head) open.body.toggleAttribute("data-loose", isLoose);
    }
    const made = blocks(rest);
    if (made.length && this.#final >= MANY) {
      this.#root = this.#place.appendChild(document.createElement("div"));
      this.#final = 0;
    }
    if (this.#root) patch(this.#root, this.#final, made);
  }

  #commit(tokens, length) {
    this.#show(tokens);
    this.#finish(tokens);
    this.#advance(length);
  }

  /** What is shown stays as it is. */
  #finish(tokens = []) {
    for (const { type, tag, href, title } of tokens) {
      if (type === "def") this.#links[tag] ??= { href, title };
    }
    this.#open = null;
    this.#final = this.#root?.childNodes.length ?? MANY;
    this.#shown = null;
  }

  /** What comes next is laid out apart. */
  #endBox() {
    this.#finish();
    this.#final = MANY;
  }

  #advance(length) {
    this.#source = this.#source.slice(length);
    this.#looked = this.#patience = 0;
    [this.#first, this.#shown, this.#isAfterBlank] = [null, null, false];
  }
}
