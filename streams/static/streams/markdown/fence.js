/** Code between fences, which grows by its text alone, however long it is. */

/** The line that begins it. */
export const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/;

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
   * @param {Text} text  the node that grows
   */
  constructor(opening, text) {
    const [, indent, fence] = FENCE.exec(opening);
    const mark = fence[0];
    this.#text = text;
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
    if (said) this.#text.appendData(said);
    return at;
  }

  #outdented(line) {
    if (!this.#outdent) return line;
    const indent = /^\s*/.exec(line)[0].length;
    return line.slice(Math.min(indent, this.#outdent));
  }
}
