/**
 * How many streams the tabs of this site play over HTTP. Over HTTP/1.1 a browser opens six
 * connections to a site, for all of its tabs: whoever asks for one more waits, and nothing
 * says why. Tabs tell each other by BroadcastChannel.
 */

/** Streams from which on it is said, in every tab that plays one. */
const MANY = 4;

const [navigation] = performance.getEntriesByType("navigation");
const isBounded = /^http\/1/.test(navigation?.nextHopProtocol ?? "");

export class Siblings {
  #notice;
  #words;
  // Not crypto.randomUUID, which pages without TLS do not have.
  #id = `${Math.random()}`;
  #channel = new BroadcastChannel("streams.playing");
  #mine = 0;
  /** @type {Map<string, number>} */
  #others = new Map();

  /**
   * @param {HTMLElement} notice
   * @param {import("./words.js").Words} words
   */
  constructor(notice, words) {
    this.#notice = notice;
    this.#words = words;
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#askAnew());
    this.#askAnew();
  }

  /** Streams that this tab plays over HTTP. */
  set playing(count) {
    if (count === this.#mine) return;
    const begins = !this.#mine;
    this.#mine = count;
    if (begins) this.#askAnew();
    else this.#tell(false);
    this.#show();
  }

  /** Some may have gone without a word. */
  #askAnew() {
    this.#others.clear();
    this.#tell(true);
  }

  #tell(asks) {
    this.#channel.postMessage({ id: this.#id, playing: this.#mine, asks });
  }

  #hear({ id, playing, asks }) {
    this.#others.set(id, playing);
    if (asks && this.#mine) this.#tell(false);
    this.#show();
  }

  #show() {
    const n = [...this.#others.values()].reduce((sum, one) => sum + one, this.#mine);
    this.#notice.hidden = !isBounded || !this.#mine || n < MANY;
    this.#notice.textContent = this.#words.say("crowded", { n: this.#words.number(n) });
  }
}
