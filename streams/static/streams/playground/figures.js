/** The figures under the text, and the sentence that judges them. */

const $ = (selector) => document.querySelector(selector);

/** Put values in the places of a sentence: "[n] events". */
export function fill(words, values) {
  return words.replace(/\[(\w+)\]/g, (placeholder, name) => values[name] ?? placeholder);
}

export class Figures {
  #words;
  #format;

  constructor(words, format) {
    this.#words = words;
    this.#format = format;
  }

  clear() {
    $("[data-verdict]").hidden = $("[data-figures]").hidden = true;
  }

  /** Say how long it took so far, how many events came, and with which seed. */
  count(elapsed, events, seed) {
    const said = [fill(this.#words.seconds, { n: this.fixed(elapsed / 1000) })];
    if (events) said.push(fill(this.#words.counted, { n: this.#format.format(events) }));
    if (seed) said.push(fill(this.#words.seed, { n: seed }));
    $("[data-stats]").textContent = said.join(" · ");
  }

  show(measures) {
    const { events, first, plannedFirst } = measures;
    const found = measures.summary();
    const rate = found.seconds > 0 ? this.fixed((events - 1) / found.seconds) : "–";
    this.#place("first", this.#ms(first), plannedFirst);
    this.#place("rate", rate);
    this.#place("p50", this.#ms(found.p50), found.planned50);
    this.#place("p95", this.#ms(found.p95), found.planned95);
    this.#place("late", this.#ms(found.late));
    $("[data-figures]").hidden = false;
  }

  judge(verdict, encoding) {
    const place = $("[data-verdict]");
    place.hidden = !verdict;
    if (!verdict) return;
    const { onTime, late, buffered, compressed } = this.#words;
    const said = [
      fill({ "on-time": onTime, late, buffered }[verdict.is], {
        n: this.#format.format(verdict.events),
        planned: this.fixed(verdict.planned / 1000),
        late: this.#format.format(Math.round(verdict.late)),
      }),
    ];
    if (verdict.is !== "on-time" && encoding && encoding !== "identity") {
      said.push(fill(compressed, { encoding }));
    }
    place.dataset.is = verdict.is;
    place.textContent = said.join(" ");
  }

  fixed(value) {
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return value.toLocaleString(document.documentElement.lang, digits);
  }

  #place(name, value, planned = null) {
    const place = $(`[data-figure=${name}]`);
    place.textContent = value;
    if (planned === null || value === "–") return;
    const small = document.createElement("small");
    small.textContent = fill(this.#words.planned, { n: this.#ms(planned) });
    place.append(" ", small);
  }

  #ms(value) {
    if (value === null) return "–";
    const n = this.#format.format(Math.round(value));
    return fill(this.#words.milliseconds, { n });
  }
}
