/**
 * The page of one stream: plays it over any transport, and shows what came, when, and
 * whether that was on time. The form's fields become the request's parameters; without
 * JavaScript the form opens the stream itself.
 */

import { Figures, fill } from "./playground/figures.js";
import { listenForKeys } from "./playground/keys.js";
import { LANES, sentence } from "./playground/lanes.js";
import { EventLog } from "./playground/log.js";
import { Measures } from "./playground/measures.js";
import { Said } from "./said.js";
import { Settings } from "./playground/settings.js";

const SILENT = new Set(["done", "error", "reset", "stopped"]);
const OVER = new Set(["idle", "done", "stopped", "failed"]);
// What was under way when a stream was held still comes.
const SETTLING = 500;
const FIGURES_EVERY = 5;

const $ = (selector) => document.querySelector(selector);

class Playground {
  #form = $("form[data-playground]");
  #buttons = Object.fromEntries(
    ["stop", "pause", "hold", "reconnect", "drop", "link"].map((name) => [
      name,
      $(`[data-${name}]`),
    ]),
  );
  #phase = $("[data-phase]");
  #status = $("[role=status]");
  #words = this.#status.dataset;
  #format = new Intl.NumberFormat(document.documentElement.lang);
  #figures = new Figures(this.#words, this.#format);
  #settings = new Settings(this.#form, () => this.#offer());
  #said = new Said($("[data-said]"));
  #log = new EventLog($("[data-log]"), this.#words, (value) =>
    this.#format.format(Math.round(value)),
  );
  #holdWord = this.#buttons.hold.textContent;
  #pauseWord = this.#buttons.pause.textContent;
  #lane = null;
  #turn = null;
  #asked = {};
  #about = {};
  #measures = new Measures(0, null);
  #ticking = 0;
  #ticks = 0;
  #started = 0;
  #since = 0;
  #retryAt = 0;
  #heldAt = null;
  #lastId = "";
  #failure = null;
  #paused = false;

  constructor() {
    for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#play();
    });
    for (const [name, button] of Object.entries(this.#buttons)) {
      button.addEventListener("click", () => this.#act(name));
    }
    listenForKeys({
      act: (name) => this.#buttons[name].disabled || this.#act(name),
      playOrStop: () => (OVER.has(this.#name) ? this.#form.requestSubmit() : this.#stop()),
      speed: (value) => this.#settings.set("speed", value),
    });
    addEventListener("pagehide", () => this.#lane?.close());
    this.#offer();
  }

  get #name() {
    return this.#phase.dataset.phase;
  }

  #act(name) {
    if (name === "stop") this.#stop();
    if (name === "pause") this.#pause(!this.#paused);
    if (name === "reconnect") this.#reconnect();
    if (name === "drop") this.#control("drop");
    if (name === "hold") this.#hold();
    if (name === "link") this.#copy();
  }

  // Playing

  async #play() {
    this.#lane?.close();
    const turn = (this.#turn = {});
    this.#lane = null;
    this.#lastId = "";
    this.#about = {};
    this.#heldAt = this.#failure = null;
    this.#pause(false);
    this.#said.clear();
    this.#log.clear();
    this.#alert("");
    this.#figures.clear();
    clearInterval(this.#ticking);
    this.#started = this.#since = performance.now();
    this.#measures = new Measures(this.#started, null);
    this.#show("connecting");
    this.#say(this.#words.started);
    this.#said.typing = true;
    this.#ticking = setInterval(() => this.#tick(), 100);

    this.#asked = this.#settings.asked();
    const plan = await this.#plan();
    if (turn !== this.#turn) return;
    this.#asked.names = (plan?.steps ?? []).flatMap((step) => step.event ?? []);
    this.#started = this.#since = performance.now();
    this.#measures = new Measures(this.#started, plan);
    this.#connect();
  }

  /** Ask what is going to come; without an answer, nothing is compared. */
  async #plan() {
    try {
      const query = new URLSearchParams(this.#asked.parameters);
      const response = await fetch(`${this.#form.dataset.plan}?${query}`, {
        signal: AbortSignal.timeout(3000),
      });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  #connect() {
    const turn = (this.#turn = {});
    const tell = Object.fromEntries(
      ["opened", "heard", "lost", "ended", "failed"].map((name) => [
        name,
        (...said) => {
          if (turn === this.#turn) this[`_${name}`](...said);
        },
      ]),
    );
    const asked = { ...this.#asked, lastEventId: this.#lastId };
    this.#lane = new LANES[this.#asked.lane](asked, tell);
    this.#offer();
  }

  _opened(about) {
    this.#about = about;
    this.#since = performance.now();
    if (this.#name === "reconnecting") this.#note("back");
    if (about.fault) this.#note("injected", { what: decode(about.fault) });
    this.#show("waiting");
  }

  _heard(item) {
    const now = performance.now();
    const at = now - this.#started;
    if (!item.event || SILENT.has(item.event)) {
      this.#log.add({ at, ...item });
    } else {
      if (this.#name === "held" && now - (this.#heldAt ?? 0) > SETTLING) {
        this.#heldAt = null;
        this.#measures.interrupted();
      }
      this.#log.add({ at, ...item, ...this.#measures.heard(now, item.id ?? "") });
      this.#since = now;
      if (this.#heldAt === null) this.#show("streaming");
    }
    if (item.id) this.#lastId = item.id;
    if (item.event === "message") this.#said.append("", item.data);
    if (item.event === "reasoning") this.#said.append("reasoning", item.data);
    if (item.event === "tool") this.#said.append("tool", called(item.data));
    if (item.event === "reset") this.#said.clear();
    if (item.event === "error") this.#failure = sentence(item.data) || item.data;
    if (item.event === "stopped") this.#failure = "";
  }

  _lost(delay, why) {
    const now = performance.now();
    const wait = delay ?? Number(this.#form.dataset.retry);
    this.#retryAt = now + wait;
    this.#heldAt = null;
    this.#measures.interrupted();
    this.#note("gone", { n: Math.round(wait), id: this.#lastId || "–" });
    this.#alert(why);
    this.#show("reconnecting");
    this.#say(this.#words.reconnecting);
  }

  _ended() {
    if (this.#failure) this._failed(this.#failure);
    else this.#end(this.#failure === null ? "done" : "stopped");
  }

  _failed(why) {
    this.#end("failed");
    this.#alert(`${this.#words.failed}: ${why ?? this.#words.unreachable}`);
  }

  #stop() {
    if (!OVER.has(this.#name)) this.#end("stopped");
  }

  #end(phase) {
    this.#turn = null;
    this.#lane?.close();
    this.#lane = null;
    clearInterval(this.#ticking);
    this.#pause(false);
    this.#said.draw();
    this.#said.typing = false;
    this.#show(phase);
    this.#tell(performance.now());
    this.#figures.judge(this.#measures.verdict(), this.#about.encoding);
    const seconds = this.#figures.fixed((performance.now() - this.#started) / 1000);
    const words = phase === "done" ? this.#words.finished : this.#words[phase];
    // A failure is read from the alert.
    if (phase !== "failed") {
      this.#say(fill(words, { n: this.#format.format(this.#measures.events), s: seconds }));
    }
  }

  // Buttons

  #reconnect() {
    this.#lane.close();
    this._lost(0, "");
    this.#connect();
  }

  #pause(on) {
    this.#paused = on;
    this.#said.paused = on;
    this.#log.paused = on;
    if (!on) this.#buttons.pause.textContent = this.#pauseWord;
  }

  async #hold() {
    if (this.#name === "held") {
      if (!(await this.#control("release"))) return;
      this.#heldAt = null;
      this.#measures.interrupted();
      this.#since = performance.now();
      this.#show("streaming");
      this.#say(this.#words.streaming);
    } else if (await this.#control("hold")) {
      this.#since = this.#heldAt = performance.now();
      this.#show("held");
      this.#say(this.#words.held);
    }
  }

  /** Tell the run to do something; return whether it took that. */
  async #control(action) {
    this.#alert("");
    if (this.#lane.send) {
      this.#lane.send(action);
      return true;
    }
    const { control, csrf } = this.#form.dataset;
    const turn = this.#turn;
    const url = control.replace("RUN", this.#about.run).replace("ACTION", action);
    let why = this.#words.unreachable;
    try {
      const headers = { "X-CSRFToken": csrf };
      const response = await fetch(url, { method: "POST", headers });
      if (response.ok) return turn === this.#turn;
      why = sentence(await response.text()) || `HTTP ${response.status}`;
    } catch {
      // Said below.
    }
    if (turn === this.#turn) this.#alert(fill(this.#words.refused, { why }));
    return false;
  }

  async #copy() {
    const button = this.#buttons.link;
    const word = button.textContent;
    const link = this.#settings.link(this.#asked.parameters?.seed);
    history.replaceState(null, "", link);
    const copied = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    );
    const said = copied ? this.#words.copied : this.#words.notCopied;
    this.#say(said);
    button.textContent = said;
    setTimeout(() => (button.textContent = word), 1500);
  }

  /** Let those buttons be pressed that do something now. */
  #offer() {
    const playing = !OVER.has(this.#name);
    const lane = playing ? this.#asked.lane : this.#settings.lane;
    const { control } = this.#form.dataset;
    const able = lane === "ws" || (lane === "fetch" && Boolean(control));
    const open = playing && ["waiting", "streaming", "stalled", "held"].includes(this.#name);
    this.#buttons.stop.disabled = this.#buttons.pause.disabled = !playing;
    this.#buttons.reconnect.disabled = !(open && this.#lastId);
    this.#buttons.hold.hidden = this.#buttons.drop.hidden = !able;
    this.#buttons.hold.disabled = this.#buttons.drop.disabled = !(open && able);
    this.#buttons.hold.textContent =
      this.#name === "held" ? this.#words.release : this.#holdWord;
    const hint = $("[data-hint]");
    hint.hidden = able;
    hint.textContent = hint.dataset[lane] ?? "";
    $("[data-hidden-bytes]").hidden = lane !== "sse";
  }

  // What the page says

  #show(phase) {
    if (phase === this.#name) return;
    this.#phase.dataset.phase = phase;
    $("[data-phase-name]").textContent = this.#words[phase];
    $("[data-clock]").textContent = "";
    this.#offer();
  }

  #tick() {
    const now = performance.now();
    if (this.#name === "streaming" || this.#name === "stalled") this.#watch(now);
    const waited = this.#figures.fixed((now - this.#since) / 1000);
    const clock = {
      connecting: fill(this.#words.seconds, { n: waited }),
      reconnecting: fill(this.#words.within, {
        n: this.#figures.fixed(Math.max(0, this.#retryAt - now) / 1000),
      }),
    };
    clock.waiting = clock.stalled = clock.held = clock.connecting;
    $("[data-clock]").textContent = clock[this.#name] ?? "";
    if (this.#paused) {
      const n = this.#format.format(this.#log.waiting);
      this.#buttons.pause.textContent = fill(this.#words.paused, { n });
    }
    this.#tell(now);
  }

  /** Name a silence: one that the script has, or one that nobody planned. */
  #watch(now) {
    const silence = now - this.#since;
    const { gap, hold } = this.#measures.next ?? { gap: 0, hold: false };
    if (hold && silence > gap + SETTLING) {
      this.#show("held");
      this.#say(this.#words.held);
    } else if (silence > Math.max(1000, Math.min(3 * gap, gap + 3000))) {
      this.#show("stalled");
    }
  }

  #tell(now) {
    this.#ticks += 1;
    const { parameters } = this.#asked;
    const seed = parameters?.seed ?? this.#about.seed;
    this.#figures.count(now - this.#started, this.#measures.events, seed);
    const due = OVER.has(this.#name) || this.#ticks % FIGURES_EVERY === 0;
    if (due && this.#measures.events) this.#figures.show(this.#measures);
  }

  #note(name, values = {}) {
    const note = fill(this.#words[name], { id: this.#lastId || "–", ...values });
    this.#log.add({ at: performance.now() - this.#started, note });
  }

  #say(words) {
    this.#status.textContent = words;
  }

  #alert(words) {
    const place = $("[data-alert]");
    place.textContent = words;
    place.hidden = !words;
  }
}

function called(data) {
  try {
    const { name, arguments: given } = JSON.parse(data);
    return `${name}(${given})`;
  } catch {
    return data;
  }
}

/** What is not ASCII in a header is percent-encoded. */
function decode(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

new Playground();
