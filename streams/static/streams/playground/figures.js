/** The figures under a lane's text, and the sentence that judges them. */

export class Figures {
  #lane;
  #words;

  /** @param {HTMLElement} lane  with places for them
   * @param {import("./words.js").Words} words */
  constructor(lane, words) {
    this.#lane = lane;
    this.#words = words;
  }

  clear() {
    this.#part("verdict").hidden = this.#part("figures").hidden = true;
  }

  /** Say how long it took so far, how many events came, and with which seed. */
  count(elapsed, events, seed) {
    const words = this.#words;
    const said = [words.seconds(elapsed)];
    if (events) said.push(words.say("counted", { n: words.number(events) }));
    if (seed) said.push(words.say("seed", { n: seed }));
    this.#part("stats").textContent = said.join(" · ");
  }

  show(measures) {
    const { events, first, plannedFirst } = measures;
    const found = measures.summary();
    const ms = (value) => this.#words.milliseconds(value);
    const rate = found.seconds > 0 ? this.#words.fixed((events - 1) / found.seconds) : "–";
    this.#place("first", ms(first), plannedFirst);
    this.#place("rate", rate);
    this.#place("p50", ms(found.p50), found.planned50);
    this.#place("p95", ms(found.p95), found.planned95);
    this.#place("late", ms(found.late));
    this.#part("figures").hidden = false;
  }

  judge(verdict, encoding) {
    const place = this.#part("verdict");
    place.hidden = !verdict;
    if (!verdict) return;
    const words = this.#words;
    const name = { "on-time": "onTime", late: "late", buffered: "buffered" }[verdict.is];
    const said = [
      words.say(name, {
        n: words.number(verdict.events),
        planned: words.fixed(verdict.planned / 1000),
        late: words.number(verdict.late),
      }),
    ];
    if (verdict.is !== "on-time" && encoding && encoding !== "identity") {
      said.push(words.say("compressed", { encoding }));
    }
    place.dataset.is = verdict.is;
    place.textContent = said.join(" ");
  }

  #part(name) {
    return this.#lane.querySelector(`[data-${name}]`);
  }

  #place(name, value, planned = null) {
    const place = this.#lane.querySelector(`[data-figure=${name}]`);
    place.textContent = value;
    if (planned === null || value === "–") return;
    const small = document.createElement("small");
    small.textContent = this.#words.say("planned", {
      n: this.#words.milliseconds(planned),
    });
    place.append(" ", small);
  }
}
