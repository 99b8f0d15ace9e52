/**
 * Markdown as tokens, by marked's lexer alone: none of its HTML. A text may be cut anywhere
 * and may be meant to harm, so depth, width and length have bounds.
 */

import { Lexer, Tokenizer, getDefaults } from "../vendor/marked/marked.esm.js";

/** Lists in lists in quotes, and marks in marks: what is deeper is text. */
const DEEPEST = 24;
/** Columns: rows are filled up to the header's, so wide tables of short rows are huge. */
const WIDEST = 40;
/** Code units in which marks find each other: the time for hostile ones is quadratic. */
const LONGEST = 3000;

/** Reads texts of which one is mostly the other with more at its end. */
export class Reader {
  #known = new Map();

  /**
   * @param {string} source
   * @param {object} links  those that `[label]: address` gave so far, by label
   * @returns {object[]} tokens whose `raw` are together the source
   */
  read(source, links) {
    const lexer = new BoundedLexer(this.#known, links);
    try {
      return lexer.lex(source);
    } catch {
      return [paragraph(source)];
    } finally {
      this.#known = lexer.seen;
    }
  }
}

/** Where to cut a text of more than `most` code units: after a line, a sentence or a word. */
export function breakpoint(text, most) {
  const part = text.slice(0, most);
  for (const end of ["\n", ". ", "。", " "]) {
    const at = part.lastIndexOf(end);
    if (at > most / 2) return at + end.length;
  }
  const isHalf = /[\ud800-\udbff]/.test(part.at(-1));
  return isHalf ? most - 1 : most;
}

class BoundedTokenizer extends Tokenizer {
  table(source) {
    const header = source.slice(0, source.indexOf("\n") + 1);
    if (header.split("|", WIDEST + 3).length > WIDEST + 2) return undefined;
    return super.table(source);
  }
}

class BoundedLexer extends Lexer {
  /** Tokens of what stands in a block, by its text. */
  seen = new Map();

  #known;
  #blocks = 0;
  #marks = 0;

  constructor(known, links) {
    super({ ...getDefaults(), tokenizer: new BoundedTokenizer() });
    this.#known = known;
    Object.assign(this.tokens.links, links);
  }

  blockTokens(source, tokens = [], clipped = false) {
    if (this.#blocks === DEEPEST) {
      this.state.top = true;
      if (source) tokens.push(paragraph(source));
      return tokens;
    }
    this.#blocks += 1;
    try {
      return super.blockTokens(source, tokens, clipped);
    } finally {
      this.#blocks -= 1;
    }
  }

  inlineTokens(source, tokens = []) {
    if (!source) return tokens;
    if (this.#marks === DEEPEST) {
      tokens.push(literal(source));
      return tokens;
    }
    this.#marks += 1;
    try {
      if (this.#marks > 1) return super.inlineTokens(source, tokens);
      let rest = source;
      while (rest.length > LONGEST) {
        const end = breakpoint(rest, LONGEST);
        tokens.push(...this.#lookUp(rest.slice(0, end)));
        rest = rest.slice(end);
      }
      tokens.push(...this.#lookUp(rest));
      return tokens;
    } finally {
      this.#marks -= 1;
    }
  }

  /** What was in the last text, too, need not be read again, unless links came to be. */
  #lookUp(source) {
    const hasLinks = Object.keys(this.tokens.links).length > 0;
    let found = hasLinks ? undefined : (this.seen.get(source) ?? this.#known.get(source));
    if (!found) {
      // A tag that one block leaves open is nothing to the next.
      this.state.inLink = this.state.inRawBlock = false;
      found = super.inlineTokens(source, []);
    }
    if (!hasLinks) this.seen.set(source, found);
    return found;
  }
}

function paragraph(source) {
  return { type: "paragraph", raw: source, text: source, tokens: [literal(source)] };
}

function literal(source) {
  return { type: "text", raw: source, text: source, escaped: true };
}
