/** Runs that are held, released and dropped while they play, where that is possible. */

import { sentence } from "./words.js";

export class Control {
  #url;
  #csrf;
  #words;

  /**
   * @param {DOMStringMap} about  `control`, an address with RUN and ACTION in it, and `csrf`,
   *   for those who may control runs
   * @param {import("./words.js").Words} words
   */
  constructor({ control = "", csrf = "" }, words) {
    this.#url = control;
    this.#csrf = csrf;
    this.#words = words;
  }

  /** Whether this transport's runs can be told anything: an EventSource knows of none. */
  reaches(transport) {
    return transport === "ws" || (transport === "fetch" && this.#url !== "");
  }

  /**
   * Tell a run to "hold", "release" or "drop".
   * @returns {Promise<string>}  why it did not, or ""
   */
  async tell(lane, run, action) {
    if (lane.control) {
      lane.control(action);
      return "";
    }
    const url = this.#url.replace("RUN", run).replace("ACTION", action);
    try {
      const headers = { "X-CSRFToken": this.#csrf };
      const response = await fetch(url, { method: "POST", headers });
      if (response.ok) return "";
      return sentence(await response.text()) || `HTTP ${response.status}`;
    } catch {
      return this.#words.say("unreachable");
    }
  }
}
