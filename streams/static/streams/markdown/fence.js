/** Code between fences, which grows by its text alone, however long it is. */

/** The line that begins it. */
export const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/;

/** Code units that are laid out together. */
const LONGEST = 8000;

export class Fence {
  isOpen = true;

  #text;
  #outdent;
  #end;
  #mayEnd;
  #isEmpty = true;
  #isInLine = false;

  /**
   * @param {string} opening  its first line
   * @param {HTMLElement} code  the element that grows
   */
  constructor(opening, code) {
    const [, indent, fence] = FENCE.exec(opening);
    const mark = fence[0];
    this.#text = code.firstChild;
    // As marked has it: only behind backticks.
    this.#outdent = mark === "`" ? indent.length : 0;
    this.#end = new RegExp(`^ {0,3}${mark}{${fence.length},} *$`);
    this.#mayEnd = new RegExp(`^\\s*${mark}* *$`);
  }

  /**
   * Take the code at the beginning of a text. The start of a line that may be the last waits
   * for its end, unless nothing more is to come.
   *
   * @returns {number} code units that were taken, the last line among them
   */
  take(text, isWhole) {
    let said = "";
    let at = 0;
    while (at < text.length && this.isOpen) {
      const end = text.indexOf("\n", at);
      const isCut = end < 0;
      const line = isCut ? text.slice(at) : text.slice(at, end);
      if (this.#isInLine) said += line;
      else if (isCut && !isWhole && this.#mayEnd.test(line)) break;
      else if (this.#end.test(line)) this.isOpen = false;
      else {
        said += (this.#isEmpty ? "" : "\n") + this.#outdented(line);
        this.#isEmpty = false;
      }
      this.#isInLine = isCut;
      at = isCut ? text.length : end + 1;
    }
    this.#say(said);
    return at;
  }

  #say(text) {
    const room = LONGEST - this.#text.length;
    const end = text.length > room ? text.indexOf("\n", Math.max(0, room)) + 1 : 0;
    if (text) this.#text.appendData(end ? text.slice(0, end) : text);
    if (!end) return;
    const code = this.#text.parentNode;
    const next = code.cloneNode();
    this.#text = next.appendChild(document.createTextNode(""));
    code.after(next);
    this.#say(text.slice(end));
  }

  #outdented(line) {
    if (!this.#outdent) return line;
    const indent = /^\s*/.exec(line)[0].length;
    return line.slice(Math.min(indent, this.#outdent));
  }
}
