/** When the page could not be seen: browsers give it little time then. */

export class Hidden {
  #times = [];
  #since = null;

  constructor() {
    const look = () => {
      const now = performance.now();
      if (document.hidden) this.#since ??= now;
      else if (this.#since !== null) {
        this.#times.push([this.#since, now]);
        this.#since = null;
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
  }

  /** @returns {[number, number][]}  the times between two others, from and to */
  between(start, end) {
    const all = this.#since === null ? this.#times : [...this.#times, [this.#since, end]];
    return all
      .filter(([from, to]) => from < end && to > start)
      .map(([from, to]) => [Math.max(from, start), Math.min(to, end)]);
  }
}
