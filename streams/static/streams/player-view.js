/** What a <stream-player> shows: its buttons, its phase in words, its text, its trouble. */

import { sheet } from "./player-style.js";
import { Said } from "./said.js";

/** What it says, unless its element has an attribute `data-<key>`. */
const WORDS = {
  play: "Play",
  stop: "Stop",
  drop: "Drop",
  text: "Text",
  idle: "Ready",
  connecting: "Connecting",
  streaming: "Streaming",
  reconnecting: "Connection lost, reconnecting",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
  unreachable: "the server cannot be reached",
  counted: "0 events",
  seconds: "0 s",
};

const ACTIONS = ["play", "stop", "drop"];
const PLAYING = ["connecting", "streaming", "reconnecting"];

export class View {
  /** "idle", "connecting", "streaming", "reconnecting", "done", "stopped" or "failed". */
  phase = "idle";

  #element;
  #bar = part("div", "bar");
  #buttons = {};
  #status = part("p", "status");
  #text = part("div", "text");
  #fallback = part("div", "fallback");
  #error = part("p", "error");
  #said = new Said(this.#text);

  /** @param {HTMLElement} element  with a method for each button */
  constructor(element) {
    this.#element = element;
    // Spoken are starts and ends; the text is not, or nobody could follow it.
    this.#status.setAttribute("role", "status");
    this.#error.setAttribute("role", "alert");
    this.#text.setAttribute("role", "group");
    this.#text.dir = "auto";
    this.#fallback.append(document.createElement("slot"));
    this.#fallback.hidden = true;
    for (const action of ACTIONS) {
      const button = part("button", `button ${action}`);
      button.type = "button";
      button.addEventListener("click", () => {
        if (button.ariaDisabled !== "true") element[action]();
      });
      this.#buttons[action] = button;
    }
    this.#bar.append(...Object.values(this.#buttons), this.#status);
    const root = element.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#bar, this.#text, this.#fallback, this.#error);
    this.showControls(null);
    this.showMarkdown(false);
  }

  get text() {
    return this.#said.text;
  }

  word(name) {
    return this.#element.dataset[name] ?? WORDS[name];
  }

  /** Say everything in the words that the element has now. */
  name() {
    for (const [action, button] of Object.entries(this.#buttons)) {
      button.textContent = this.word(action);
    }
    this.#text.setAttribute("aria-label", this.word("text"));
    this.show(this.phase);
  }

  /** @param {string | null} wanted  the attribute: names of buttons, or nothing */
  showControls(wanted) {
    const names = wanted?.split(/\s+/).filter(Boolean) ?? [];
    for (const [action, button] of Object.entries(this.#buttons)) {
      const shown = names.length ? names.includes(action) : action !== "drop";
      button.hidden = wanted === null || !shown;
    }
    this.#bar.classList.toggle("quiet", wanted === null);
  }

  /** @param {boolean} on  whether the text is rendered, or as it is */
  showMarkdown(on) {
    this.#said.mode = on ? "rendered" : "plain";
  }

  show(phase, detail = "") {
    this.phase = phase;
    this.#status.dataset.phase = phase;
    this.#status.textContent = [this.word(phase), detail].filter(Boolean).join(" · ");
    this.#said.typing = PLAYING.includes(phase);
    // Not `disabled`: a button that somebody has just pressed keeps the focus.
    this.#buttons.stop.ariaDisabled = `${!PLAYING.includes(phase)}`;
    this.#buttons.drop.ariaDisabled = `${phase !== "streaming"}`;
  }

  begin() {
    this.clear();
    this.#error.textContent = "";
    this.#fallback.hidden = true;
    this.#text.hidden = false;
    this.show("connecting");
  }

  /** @param {"" | "reasoning" | "tool"} kind  empty for the answer itself */
  say(kind, text) {
    this.#said.append(kind, text);
  }

  clear() {
    this.#said.clear();
  }

  end(phase, events, duration) {
    const counted = this.word("counted").replace("0", events);
    const seconds = this.word("seconds").replace("0", (duration / 1000).toFixed(1));
    this.show(phase, `${counted} · ${seconds}`);
  }

  fail(message) {
    this.#error.textContent = message;
    // What the page has for those without a stream: better than nothing at all.
    this.#fallback.hidden = Boolean(this.text) || !this.#element.childNodes.length;
    this.#text.hidden = !this.#fallback.hidden;
    this.show("failed");
  }
}

function part(tag, names) {
  const element = document.createElement(tag);
  element.setAttribute("part", names);
  return element;
}
