/**
 * The page of one stream: plays it over one transport, or over all of them side by side,
 * and shows what came, when, and whether that was on time. The form's fields become the
 * request's parameters; without JavaScript the form opens the stream itself.
 */

import { Control } from "./playground/control.js";
import { copyLink } from "./playground/copy.js";
import { listenForKeys } from "./playground/keys.js";
import { EventLog } from "./playground/log.js";
import { offerStreams } from "./playground/picker.js";
import { fetchPlan } from "./playground/plan.js";
import { Play } from "./playground/play.js";
import { Record } from "./playground/record.js";
import { Settings } from "./playground/settings.js";
import { Siblings } from "./playground/siblings.js";
import { Stage } from "./playground/stage.js";
import { keep, recall } from "./playground/stored.js";
import { Timeline } from "./playground/timeline.js";
import { Words } from "./playground/words.js";

// Ten times a second is often enough for clocks and plots.
const EVERY = 100;

const $ = (selector) => document.querySelector(selector);

class Playground {
  #form = $("form[data-playground]");
  #buttons = Object.fromEntries(
    ["stop", "pause", "hold", "reconnect", "drop", "link"].map((name) => [
      name,
      $(`[data-${name}]`),
    ]),
  );
  #status = $("[role=status]");
  #words = new Words(this.#status);
  #siblings = new Siblings($("[data-siblings]"), this.#words);
  #control = new Control(this.#form.dataset, this.#words);
  #settings = new Settings(this.#form, () => this.#set());
  #log = new EventLog($("[data-log]"), this.#words);
  #timeline = new Timeline($("[data-timeline]"), this.#words);
  #stage = new Stage($("[data-lanes]"), this.#words, () => this.#choose());
  #calm = $("[data-as-it-arrives]");
  #holdWord = this.#buttons.hold.textContent;
  #pauseWord = this.#buttons.pause.textContent;
  /** @type {Play[]} */
  #plays = [];
  #asked = {};
  #ticking = 0;
  #paused = false;
  #recorded = 0;

  constructor() {
    document.documentElement.classList.add("scripted");
    for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#play();
    });
    for (const [name, button] of Object.entries(this.#buttons)) {
      button.addEventListener("click", () => this.#act(name));
    }
    this.#calm.checked = recall("as-it-arrives") === "on";
    this.#calm.addEventListener("change", () => {
      keep("as-it-arrives", this.#calm.checked ? "on" : "off");
      this.#set();
    });
    listenForKeys({
      act: (name) => this.#buttons[name].disabled || this.#act(name),
      playOrStop: () => (this.#playing ? this.#stop() : this.#form.requestSubmit()),
      speed: (value) => this.#settings.set("speed", value),
      view: (name) => this.#settings.choose("view", name),
    });
    offerStreams($("[data-picker]"), () => new URL(this.#settings.link()));
    addEventListener("pagehide", () => this.#stop());
    this.#set();
  }

  get #playing() {
    return this.#plays.some(({ over }) => !over);
  }

  /** The play that the log shows. */
  get #chosen() {
    return this.#plays[this.#stage.chosen];
  }

  #act(name) {
    if (name === "stop") this.#stop();
    if (name === "pause") this.#pause(!this.#paused);
    if (name === "reconnect") this.#each("mayReconnect", (play) => play.reconnect());
    if (name === "drop") this.#each("mayControl", (play) => play.drop());
    if (name === "hold") this.#hold();
    if (name === "link") this.#copy();
  }

  // Playing

  async #play() {
    this.#stop();
    const asked = (this.#asked = this.#settings.asked());
    const { lanes } = this.#settings;
    this.#stage.lay(this.#titles);
    const options = { words: this.#words, control: this.#control, listener: this.#listener };
    const plays = lanes.map(
      (lane, i) => new Play(lane, { view: this.#stage.views[i], ...options }),
    );
    this.#plays = plays;
    this.#pause(false);
    this.#choose();
    this.#offer();
    this.#stage.reveal();
    this.#say(this.#words.say("started"));
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), EVERY);

    const plan = await fetchPlan(this.#form.dataset.plan, asked.parameters);
    for (const play of plays) play.begin(asked, plan);
  }

  #stop() {
    for (const play of this.#plays) play.stop();
  }

  get #listener() {
    return {
      changed: () => this.#offer(),
      recorded: ({ record }) => record === this.#log.record && this.#log.refresh(),
      said: ({ title }, words) => {
        this.#say(this.#plays.length > 1 ? `${title}: ${words}` : words);
      },
      ended: () => this.#ended(),
    };
  }

  #ended() {
    if (this.#playing) return;
    const plays = this.#plays;
    clearInterval(this.#ticking);
    this.#pause(false);
    this.#plot();
    if (plays.length > 1) {
      // At once, or each would cut short what is said of the one before.
      this.#say(plays.map(({ title, ending }) => `${title}: ${ending}`).join(" · "));
    } else if (plays[0].phase !== "failed") {
      // A failure is read from the alert.
      this.#say(plays[0].ending);
    }
  }

  // Buttons

  #each(may, act) {
    this.#plays.filter((play) => play[may]).forEach(act);
  }

  #hold() {
    if (this.#plays.some(({ mayRelease }) => mayRelease)) {
      this.#each("mayRelease", (play) => play.release());
    } else {
      this.#each("mayControl", (play) => play.hold());
    }
  }

  #pause(on) {
    this.#paused = on;
    this.#recorded = this.#entries;
    this.#log.paused = on;
    for (const { said } of this.#stage.views) said.paused = on;
    if (!on) this.#buttons.pause.textContent = this.#pauseWord;
  }

  get #entries() {
    return this.#plays.reduce((sum, { record }) => sum + record.entries.length, 0);
  }

  async #copy() {
    const link = this.#settings.link(this.#asked.parameters?.seed);
    this.#say(await copyLink(link, this.#buttons.link, this.#words));
  }

  /** Let those buttons be pressed that do something now. */
  #offer() {
    const playing = this.#playing;
    this.#siblings.playing = this.#plays.filter(({ holdsConnection }) => holdsConnection).length;
    const open = (may) => this.#plays.some((play) => play[may]);
    const { lanes } = this.#settings;
    const able = lanes.some((lane) => this.#control.reaches(lane)) || open("mayControl");
    const { stop, pause, reconnect, hold, drop } = this.#buttons;
    stop.disabled = pause.disabled = !playing;
    reconnect.disabled = !open("mayReconnect");
    hold.hidden = drop.hidden = !able;
    hold.disabled = drop.disabled = !open("mayControl");
    hold.textContent = open("mayRelease") ? this.#words.say("release") : this.#holdWord;
    const hint = $("[data-hint]");
    const several = lanes.length > 1;
    hint.textContent = hint.dataset[several ? "all" : lanes[0]] ?? "";
    hint.hidden = (able && !several) || !hint.textContent;
  }

  // What is shown

  /** Take over what is set. */
  #set() {
    this.#layOut();
    this.#log.view = this.#settings.choice("view");
    for (const { said } of this.#stage.views) {
      said.mode = this.#settings.choice("text");
      said.asItArrives = this.#calm.checked;
    }
    this.#offer();
    this.#plot();
  }

  get #titles() {
    return this.#settings.lanes.map((lane) => this.#settings.laneName(lane));
  }

  /** Make room for as many lanes as are to be played next. */
  #layOut() {
    if (this.#settings.lanes.length === this.#stage.views.length) return;
    this.#stop();
    this.#plays = [];
    this.#stage.lay(this.#titles);
  }

  /** Show what came in one of the lanes. */
  #choose() {
    this.#log.record = this.#chosen?.record ?? new Record();
    $("[data-hidden-bytes]").hidden = this.#chosen?.transport !== "sse";
    this.#plot();
  }

  #plot() {
    const play = this.#chosen;
    this.#timeline.show(play?.measures ?? null, play?.end ?? null);
  }

  #tick() {
    const now = performance.now();
    for (const play of this.#plays) play.tick(now);
    if (this.#paused) {
      const n = this.#words.number(this.#entries - this.#recorded);
      this.#buttons.pause.textContent = this.#words.say("paused", { n });
    } else {
      this.#plot();
    }
  }

  #say(words) {
    this.#status.textContent = words;
  }
}

new Playground();
