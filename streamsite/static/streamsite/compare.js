/** The page /compare: eight EventSources at once, and one stream over three transports. */

import { streamEvents } from "/static/streams/sse.js";

const [navigation] = performance.getEntriesByType("navigation");
document.getElementById("protocol").textContent =
  { h2: "HTTP/2", h3: "HTTP/3" }[navigation.nextHopProtocol] ?? "HTTP/1.1";

// Eight at once

class Eight {
  #section = document.getElementById("eight");
  #tiles = this.#section.querySelector(".tiles");
  #open = this.#section.querySelector("[data-open]");
  #close = this.#section.querySelector("[data-close]");
  #verdict = this.#section.querySelector("[data-verdict]");
  #words = this.#section.dataset;
  #sources = [];

  constructor() {
    this.#open.addEventListener("click", () => this.#start());
    this.#close.addEventListener("click", () => this.#end());
    window.addEventListener("pagehide", () => this.#end());
  }

  #start() {
    this.#end();
    this.#tiles.replaceChildren();
    this.#open.disabled = true;
    this.#close.disabled = false;
    for (let number = 0; number < 8; number += 1) this.#add();
    // By now whoever has a connection has had an event.
    setTimeout(() => this.#judge(), 2000);
  }

  #add() {
    const tile = document.createElement("li");
    const show = (state, text) => {
      tile.dataset.state = state;
      tile.textContent = text;
    };
    this.#tiles.append(tile);
    show("waiting", this.#words.waiting);
    const source = new EventSource(`${this.#words.url}?delay_ms=100`);
    let events = 0;
    source.addEventListener("message", () => {
      events += 1;
      show("streaming", this.#words.events.replace("0", events));
    });
    source.addEventListener("done", () => source.close());
    this.#sources.push({ source, close: () => show("closed", this.#words.closed) });
  }

  #judge() {
    if (!this.#sources.length) return;
    const waiting = this.#tiles.querySelectorAll("[data-state=waiting]").length;
    const verdict = waiting ? this.#words.some.replace("0", waiting) : this.#words.none;
    this.#verdict.textContent = verdict;
    this.#verdict.hidden = false;
  }

  #end() {
    for (const { source, close } of this.#sources) {
      source.close();
      close();
    }
    this.#sources = [];
    this.#open.disabled = false;
    this.#close.disabled = true;
    this.#verdict.hidden = true;
  }
}

// Three transports

const QUERY = "seed=7&speed=2";

/** What one transport brought: times since it was asked, in ms. */
class Record {
  times = [];
  text = "";
  bytes = 0;
  #asked = performance.now();

  hear(text) {
    this.times.push(performance.now() - this.#asked);
    this.text += text;
  }

  /** How late 95 of 100 events were at most, against the plan from the first event. */
  late(due) {
    const [first] = this.times;
    const late = this.times.map((time, i) => time - first - (due[i] - due[0]) * 1000);
    late.sort((a, b) => a - b);
    return late[Math.floor(late.length * 0.95)];
  }
}

const lanes = {
  sse(words) {
    const record = new Record();
    const source = new EventSource(`${words.events}?${QUERY}`);
    return new Promise((resolve, reject) => {
      source.onmessage = (event) => record.hear(event.data);
      source.addEventListener("done", () => {
        source.close();
        resolve(record);
      });
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) reject(new Error(words.refused));
      };
    });
  },

  async post(words) {
    const record = new Record();
    const body = JSON.stringify(Object.fromEntries(new URLSearchParams(QUERY)));
    const headers = { "Content-Type": "application/json" };
    const options = { method: "POST", headers, body, raw: true };
    for await (const event of streamEvents(words.events, options)) {
      if (event.event === "message") record.hear(event.data);
      record.bytes += event.raw.length;
    }
    return record;
  },

  ws(words) {
    const record = new Record();
    const url = new URL(words.socket, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const size = new TextEncoder();
    const start = { action: "start", ...Object.fromEntries(new URLSearchParams(QUERY)) };
    return new Promise((resolve, reject) => {
      let wait = 0;
      let over = false;
      const end = (settle, value) => {
        over = true;
        settle(value);
      };
      const connect = () => {
        const socket = new WebSocket(url);
        let opened = false;
        socket.onopen = () => {
          opened = true;
          socket.send(JSON.stringify(start));
        };
        socket.onmessage = ({ data }) => {
          const { length } = size.encode(data);
          // RFC 6455, section 5.2: two bytes before a short frame, four before a longer.
          record.bytes += length + (length < 126 ? 2 : 4);
          const frame = JSON.parse(data);
          if (frame.id) start.last_event_id = frame.id;
          if (frame.event === "open") wait = frame.retry;
          if (frame.event === "message") record.hear(frame.data);
          if (frame.event === "error") end(reject, new Error(frame.message));
          if (frame.event === "done") end(resolve, record);
          if (over) socket.close();
        };
        socket.onclose = () => {
          if (over) return;
          // A socket that never opened is refused; one that was cut goes on.
          if (!opened && !start.last_event_id) end(reject, new Error(words.refused));
          else setTimeout(connect, wait);
        };
      };
      connect();
    });
  },
};

class Three {
  #section = document.getElementById("three");
  #run = this.#section.querySelector("[data-run]");
  #verdict = this.#section.querySelector("[data-verdict]");
  #words = this.#section.dataset;

  constructor() {
    this.#run.addEventListener("click", () => this.#play());
  }

  async #play() {
    this.#run.disabled = true;
    this.#verdict.hidden = true;
    const plan = await (await fetch(`${this.#words.plan}?${QUERY}`)).json();
    const due = plan.steps.map((step) => step.due);
    const names = Object.keys(lanes);
    const played = await Promise.all(names.map((name) => this.#lane(name, due)));
    const texts = new Set(played.map((record) => record?.text));
    const { same, different } = this.#verdict.dataset;
    this.#verdict.textContent = texts.size === 1 ? same : different;
    this.#verdict.hidden = false;
    this.#run.disabled = false;
  }

  async #lane(name, due) {
    const cells = this.#section.querySelectorAll(`[data-lane=${name}] td`);
    const number = new Intl.NumberFormat(document.documentElement.lang);
    const fill = (...texts) => texts.forEach((text, i) => (cells[i].textContent = text));
    fill("…", "", "", "");
    try {
      const record = await lanes[name](this.#words);
      fill(
        number.format(record.times.length),
        `${record.times[0].toFixed(0)} ms`,
        `${record.late(due).toFixed(0)} ms`,
        record.bytes ? number.format(record.bytes) : this.#words.unknown,
      );
      return record;
    } catch (error) {
      fill(this.#words.failed, error.message, "", "");
      return null;
    }
  }
}

new Eight();
new Three();
