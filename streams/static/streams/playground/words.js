/** The page's words, which stand in its template, and its numbers, as its language has them. */

/** Put values in the places of a sentence: "[n] events". */
function fill(words, values) {
  return words.replace(/\[(\w+)\]/g, (placeholder, name) => values[name] ?? placeholder);
}

export class Words {
  #said;
  #format;
  #decimal;

  /** @param {HTMLElement} element  whose data attributes are the words */
  constructor(element) {
    const { lang } = document.documentElement;
    this.#said = element.dataset;
    this.#format = new Intl.NumberFormat(lang);
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    this.#decimal = new Intl.NumberFormat(lang, digits);
  }

  say(name, values = {}) {
    return fill(this.#said[name], values);
  }

  /** Write a whole number. */
  number(value) {
    return this.#format.format(Math.round(value) || 0); // -0 is written as such.
  }

  /** Write a number with one decimal. */
  fixed(value) {
    return this.#decimal.format(value);
  }

  /** Write milliseconds; what is not known is a dash. */
  milliseconds(value) {
    return value === null ? "–" : this.say("milliseconds", { n: this.number(value) });
  }

  /** Write milliseconds as seconds. */
  seconds(milliseconds) {
    return this.say("seconds", { n: this.fixed(milliseconds / 1000) });
  }
}

/** Return the sentence in a server's answer, or "". */
export function sentence(body) {
  try {
    const answer = typeof body === "string" ? JSON.parse(body) : body;
    const found = answer.detail ?? answer.message;
    return typeof found === "string" ? found : "";
  } catch {
    return "";
  }
}
