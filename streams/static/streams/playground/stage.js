/** The lanes of the page, one or side by side, and which of them the log shows. */

import { LaneView } from "./lane-view.js";

// As in playground.css.
const small = matchMedia("(max-width: 40rem)");

export class Stage {
  /** @type {LaneView[]} */
  views = [];

  #place;
  #pristine;
  #words;
  #onChoose;
  #chosen = 0;

  /**
   * @param {HTMLElement} place  with one lane
   * @param {import("./words.js").Words} words
   * @param {() => void} onChoose
   */
  constructor(place, words, onChoose) {
    this.#place = place;
    this.#pristine = place.firstElementChild.cloneNode(true);
    this.#words = words;
    this.#onChoose = onChoose;
    place.addEventListener("change", ({ target }) => {
      this.#choose(this.views.findIndex(({ tab }) => tab === target));
    });
  }

  get chosen() {
    return this.#chosen;
  }

  /** Bring the chosen lane's text into view, where a small screen has it further down. */
  reveal() {
    if (small.matches) this.views[this.#chosen].reveal();
  }

  /** Lay out a lane for each title. As many as are there already stay, and are renamed. */
  lay(titles) {
    if (titles.length === this.views.length) {
      this.views.forEach((view, i) => (view.title = titles[i]));
      return;
    }
    this.views = titles.map(
      (title) => new LaneView(this.#pristine.cloneNode(true), title, this.#words),
    );
    this.#place.replaceChildren(...this.views.map(({ element }) => element));
    const several = titles.length > 1;
    this.#place.toggleAttribute("data-compare", several);
    // Said here, as `:has()` is asked anew for each node that a text gets.
    this.#place.closest(".page").toggleAttribute("data-wide", several);
    this.#choose(0);
  }

  #choose(index) {
    this.#chosen = index;
    this.views.forEach((view, i) => (view.chosen = i === index));
    this.#onChoose();
  }
}
