/**
 * `<stream-player src="https://…/streams/greeting/events" controls>`: plays a stream in any
 * page, on any origin, under any Content-Security-Policy that lets this module load and its
 * stream be fetched. No packages, no framework; docs/embedding.md has the whole of it.
 *
 * Attributes: src, lane (sse, fetch, ws), prompt, seed, speed, events, autoplay, controls,
 * markdown, theme (light, dark), crossorigin; `data-play` and so on for words in another
 * language.
 * Events, which bubble: stream-start, stream-event, stream-done, stream-error.
 */

import { LANES, saidBy } from "./lanes.js";
import { View } from "./player-view.js";

const FIELDS = ["prompt", "seed", "speed"];

export class StreamPlayer extends HTMLElement {
  static observedAttributes = ["src", "lane", "autoplay", "controls", "markdown"];

  /** Make the element known under a name, unless that is taken. */
  static define(tag = "stream-player", registry = customElements) {
    if (!registry.get(tag)) registry.define(tag, this);
  }

  #view = new View(this);
  #visible = new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting)) this.play();
  });
  #lane = null;
  #begun = false;
  #started = 0;
  #events = 0;
  #leave = () => this.stop();

  /** "idle", "connecting", "streaming", "reconnecting", "done", "stopped" or "failed". */
  get phase() {
    return this.#view.phase;
  }

  /** What was said so far. */
  get text() {
    return this.#view.text;
  }

  /** Play from the start; what plays already is stopped. */
  play() {
    this.stop();
    this.#visible.disconnect();
    this.#begun = false;
    this.#started = performance.now();
    this.#events = 0;
    this.#view.begin();
    try {
      this.#lane = this.#connect();
    } catch (error) {
      this.#fail(error.message);
    }
  }

  /** Close the connection; the server notices, and the text stays. */
  stop() {
    if (this.#lane) this.#end("stopped");
  }

  /** Lose the connection, as a bad network would: it goes on where it was. */
  drop() {
    this.#lane?.drop();
  }

  connectedCallback() {
    // So that an aria-label on it is said. ElementInternals has one that tools do not see.
    if (!this.hasAttribute("role")) this.setAttribute("role", "group");
    this.#view.name();
    window.addEventListener("pagehide", this.#leave);
    this.#arm();
  }

  disconnectedCallback() {
    window.removeEventListener("pagehide", this.#leave);
    this.#visible.disconnect();
    this.stop();
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "controls") return this.#view.showControls(now);
    if (name === "markdown") return this.#view.showMarkdown(now !== null);
    if (name === "autoplay" && now === null) return this.#visible.disconnect();
    if (name !== "autoplay") this.stop();
    if (this.isConnected) this.#arm();
  }

  /** Play once somebody can see it, if that is wanted. */
  #arm() {
    if (this.hasAttribute("autoplay") && !this.#lane) this.#visible.observe(this);
  }

  #connect() {
    const src = this.getAttribute("src");
    if (!src) throw new TypeError("<stream-player> has no src: the address of a stream's events.");
    const name = this.getAttribute("lane") ?? "sse";
    if (!Object.hasOwn(LANES, name)) {
      throw new TypeError(`lane="${name}" is none of ${Object.keys(LANES).join(", ")}.`);
    }
    const given = FIELDS.filter((field) => this.hasAttribute(field));
    const request = {
      url: new URL(src, document.baseURI),
      fields: Object.fromEntries(given.map((field) => [field, this.getAttribute(field)])),
      names: this.getAttribute("events")?.split(/\s+/).filter(Boolean) ?? [],
      credentials: this.getAttribute("crossorigin") === "use-credentials",
    };
    // What comes from a lane that was left is nobody's.
    const mine = (tell) => (what) => {
      if (this.#lane === lane) tell(what);
    };
    const lane = new LANES[name](request, {
      open: mine(({ run }) => this.#open(name, run)),
      event: mine((event) => this.#receive(event)),
      retry: mine(() => this.#view.show("reconnecting")),
      end: mine(() => this.#end("done")),
      fail: mine((error) => {
        const unreachable = error instanceof TypeError;
        const said = unreachable ? this.#view.word("unreachable") : saidBy(error);
        this.#fail(said, error.status);
      }),
    });
    return lane;
  }

  #open(lane, run) {
    this.#view.show("streaming");
    if (this.#begun) return;
    this.#begun = true;
    this.#tell("start", { lane, run });
  }

  #receive({ event, data, id }) {
    this.#events += 1;
    const lane = this.#lane;
    this.#tell("event", { event, data, id, time: this.#time() });
    // Whoever listens may have stopped it.
    if (lane !== this.#lane) return;
    if (event === "message") this.#view.say("", data);
    else if (event === "reasoning") this.#view.say("reasoning", data);
    else if (event === "tool") this.#view.say("tool", call(data));
    else if (event === "reset") this.#view.clear();
    else if (event === "done" || event === "stopped") this.#end(event);
    else if (event === "error") {
      const { message, code } = parse(data) ?? {};
      this.#fail(message ?? data, code);
    }
  }

  #end(phase) {
    this.#close();
    const events = this.#events;
    const duration = this.#time();
    this.#view.end(phase, events, duration);
    const complete = phase === "done";
    this.#tell("done", { complete, events, text: this.text, duration });
  }

  #fail(message, status = null) {
    this.#close();
    this.#view.fail(message);
    this.#tell("error", { message, status });
  }

  #close() {
    this.#lane?.close();
    this.#lane = null;
  }

  #time() {
    return performance.now() - this.#started;
  }

  #tell(what, detail) {
    const options = { detail, bubbles: true, composed: true };
    this.dispatchEvent(new CustomEvent(`stream-${what}`, options));
  }
}

function call(data) {
  const tool = parse(data);
  return tool ? `${tool.name}(${tool.arguments})` : data;
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

StreamPlayer.define();
