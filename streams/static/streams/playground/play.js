/** One play over one transport: where it stands, and all that is made of what comes. */

import { LANES, saidBy } from "../lanes.js";
import { Measures, SETTLING } from "./measures.js";
import { Record } from "./record.js";
import { sentence } from "./words.js";

const SILENT = new Set(["done", "error", "reset", "stopped", "goodbye"]);
const OVER = new Set(["done", "stopped", "failed"]);
const OPEN = new Set(["waiting", "streaming", "stalled", "held"]);
const FIGURES_EVERY = 5;

/**
 * @typedef {object} Listener  what the page hears of its plays
 * @property {(play: Play) => void} changed  its phase
 * @property {(play: Play) => void} recorded  an entry
 * @property {(play: Play, words: string) => void} said  something to read aloud
 * @property {(play: Play) => void} ended
 */

export class Play {
  /** @type {"fetch" | "sse" | "ws"} */
  transport;
  record = new Record(() => this.#listener.recorded(this));
  measures = new Measures(performance.now(), null);
  /** "connecting", "waiting", "streaming", "stalled", "held", "reconnecting", "done", "stopped"
   * or "failed". */
  phase = "";
  /** When it ended, or null. */
  end = null;
  /** What is said of its end. */
  ending = "";

  #view;
  #words;
  #listener;
  #control;
  #lane = null;
  #asked = {};
  #names = [];
  #about = {};
  #ticks = 0;
  #since = performance.now();
  #retryAt = 0;
  #heldAt = null;
  #lastId = "";

  /**
   * @param {"fetch" | "sse" | "ws"} transport
   * @param {object} options
   * @param {import("./lane-view.js").LaneView} options.view
   * @param {import("./words.js").Words} options.words
   * @param {Listener} options.listener
   * @param {import("./control.js").Control} options.control
   */
  constructor(transport, { view, words, listener, control }) {
    this.transport = transport;
    this.#view = view;
    this.#words = words;
    this.#listener = listener;
    this.#control = control;
    view.clear();
    view.said.typing = true;
    this.#show("connecting");
  }

  get title() {
    return this.#view.title;
  }

  get over() {
    return OVER.has(this.phase);
  }

  /** Whether it has one of the few that a browser opens to a site over HTTP/1.1. */
  get holdsConnection() {
    return !this.over && this.transport !== "ws";
  }

  get mayReconnect() {
    return OPEN.has(this.phase) && this.#lastId !== "";
  }

  /** Whether it can be held, released and dropped just now. */
  get mayControl() {
    return OPEN.has(this.phase) && this.#control.reaches(this.transport);
  }

  get mayRelease() {
    return this.phase === "held" && this.mayControl;
  }

  /**
   * Connect.
   * @param {{ parameters: Record<string, string>, events: string, socket: string,
   *   retry: number }} asked
   * @param {object | null} plan  as the server gives it; null: nothing is compared
   */
  begin(asked, plan) {
    if (this.over) return;
    this.#asked = asked;
    this.#names = (plan?.steps ?? []).flatMap((step) => step.event ?? []);
    this.#since = performance.now();
    this.measures = new Measures(this.#since, plan);
    this.#connect();
  }

  stop() {
    if (!this.over) this.#end("stopped");
  }

  reconnect() {
    this.#lane.close();
    this.#lost(0, "");
    this.#connect();
  }

  async hold() {
    if (!(await this.#tell("hold"))) return;
    this.#since = this.#heldAt = performance.now();
    this.measures.mark(this.#since, "held");
    this.#show("held");
    this.#listener.said(this, this.#words.say("held"));
  }

  async release() {
    if (!(await this.#tell("release"))) return;
    this.#since = performance.now();
    this.#released(this.#since);
    this.#show("streaming");
    this.#listener.said(this, this.#words.say("streaming"));
  }

  drop() {
    this.#tell("drop");
  }

  /** Bring up to date what changes with time alone. */
  tick(now) {
    if (this.over) return;
    if (this.phase === "streaming" || this.phase === "stalled") this.#watch(now);
    if (this.phase === "reconnecting") {
      const n = this.#words.fixed(Math.max(0, this.#retryAt - now) / 1000);
      this.#view.clock(this.#words.say("within", { n }));
    } else {
      const shown = this.phase === "streaming" ? "" : this.#words.seconds(now - this.#since);
      this.#view.clock(shown);
    }
    this.#count(now);
    this.#ticks += 1;
    if (this.#ticks % FIGURES_EVERY === 0 && this.measures.events) {
      this.#view.figures.show(this.measures);
    }
  }

  #connect() {
    // What comes from a lane that was left is nobody's.
    const mine = (tell) => (what) => {
      if (this.#lane === lane) tell(what);
    };
    const { parameters, events, socket } = this.#asked;
    const request = {
      url: new URL(this.transport === "ws" ? socket : events, location.href),
      fields: parameters,
      names: this.#names,
      lastEventId: this.#lastId,
      raw: true,
    };
    const lane = new LANES[this.transport](request, {
      open: mine((about) => this.#opened(about)),
      event: mine((item) => this.#heard(item)),
      retry: mine(({ delay, error }) => this.#lost(delay, error ? saidBy(error) : "")),
      fail: mine((error) => {
        const unreachable = error instanceof TypeError;
        this.#fail(unreachable ? this.#words.say("unreachable") : saidBy(error));
      }),
      end: mine(() => this.#end("done")),
    });
    this.#lane = lane;
    this.#listener.changed(this);
  }

  // What the lane tells

  #opened(about) {
    const now = performance.now();
    this.#about = about;
    this.#since = now;
    if (this.phase === "reconnecting") {
      this.measures.mark(now, "back");
      this.#note("back");
    }
    if (about.fault) {
      this.measures.mark(now, "injected");
      this.#note("injected", { what: about.fault });
    }
    this.#show("waiting");
  }

  #heard(item) {
    const { event, data, id } = item;
    const now = performance.now();
    const at = now - this.measures.asked;
    if (id) this.#lastId = id;
    if (!event || SILENT.has(event)) {
      this.record.add({ at, ...item });
    } else {
      if (this.phase === "held" && now - (this.#heldAt ?? 0) > SETTLING) this.#released(now);
      this.record.add({ at, ...item, ...this.measures.heard(now, id ?? "") });
      this.#since = now;
      if (this.#heldAt === null) this.#show("streaming");
    }
    this.#view.hear(event, data);
    if (event === "done" || event === "stopped") this.#end(event);
    if (event === "error") this.#fail(sentence(data) || data);
  }

  #lost(delay, why) {
    const now = performance.now();
    const wait = delay ?? this.#asked.retry;
    this.#retryAt = now + wait;
    this.#heldAt = null;
    this.measures.interrupted();
    this.measures.mark(now, "lost");
    this.#note("gone", { n: Math.round(wait) });
    this.#view.alert(why);
    this.#show("reconnecting");
    this.#listener.said(this, this.#words.say("reconnecting"));
  }

  #fail(why) {
    this.#end("failed");
    this.#view.alert(`${this.#words.say("failed")}: ${why}`);
  }

  #end(phase) {
    const now = (this.end = performance.now());
    const { said, figures } = this.#view;
    this.#lane?.close();
    this.#lane = null;
    said.draw();
    said.typing = false;
    this.#count(now);
    if (this.measures.events) figures.show(this.measures);
    figures.judge(this.measures.verdict(), this.#about.encoding);
    const values = {
      n: this.#words.number(this.measures.events),
      s: this.#words.fixed((now - this.measures.asked) / 1000),
    };
    this.ending = this.#words.say(phase === "done" ? "finished" : phase, values);
    this.#show(phase);
    this.#listener.ended(this);
  }

  // Holding

  /** Tell the run to do something; return whether it took that. */
  async #tell(action) {
    const lane = this.#lane;
    this.#view.alert("");
    const why = await this.#control.tell(lane, this.#about.run, action);
    if (lane !== this.#lane) return false;
    if (why) this.#view.alert(this.#words.say("refused", { why }));
    return !why;
  }

  #released(now) {
    this.#heldAt = null;
    this.measures.interrupted();
    this.measures.mark(now, "released");
  }

  /** Say that nothing comes. */
  #watch(now) {
    const silence = this.measures.silence(now - this.#since);
    if (silence === "held") this.measures.mark(now, "held");
    if (silence) this.#show(silence);
    if (silence === "held") this.#listener.said(this, this.#words.say("held"));
  }

  // What is shown

  #show(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#view.show(phase);
    this.#listener.changed(this);
  }

  #count(now) {
    const seed = this.#asked.parameters?.seed ?? this.#about.seed;
    this.#view.figures.count(now - this.measures.asked, this.measures.events, seed);
  }

  #note(name, values = {}) {
    const note = this.#words.say(name, { id: this.#lastId || "–", ...values });
    this.record.add({ at: performance.now() - this.measures.asked, note });
  }
}
