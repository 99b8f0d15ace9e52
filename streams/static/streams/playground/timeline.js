/**
 * A plot of planned against seen events: time to the right, the number of the event
 * upwards. On time, the dots lie on the line; what a buffer collected stands in columns.
 */

import { Hidden } from "./hidden.js";

const PAD = { top: 22, right: 10, bottom: 22, left: 40 };
/** Pixels from one label of an axis to the next, at least. */
const APART = { x: 70, y: 34 };
/** A dot's size, and from how many on dots are smaller. */
const DOT = { size: 5, small: 3, many: 200 };

/** What is drawn for each mark; the legend says what they are. As text, not as emoji. */
const GLYPHS = { injected: "⚡\ufe0e", lost: "✕", back: "↻", held: "‖", released: "▶\ufe0e" };

/** @typedef {import("./measures.js").Measures} Measures */

export class Timeline {
  #canvas;
  #words;
  #hidden = new Hidden();
  #measures = null;
  #end = null;

  /** @param {HTMLCanvasElement} canvas
   * @param {import("./words.js").Words} words */
  constructor(canvas, words) {
    this.#canvas = canvas;
    this.#words = words;
    const draw = () => this.draw();
    // It is drawn when it comes into view, too.
    new ResizeObserver(draw).observe(canvas);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", draw);
    }
  }

  /**
   * @param {Measures | null} measures
   * @param {number | null} end  when the play ended; null: it goes on
   */
  show(measures, end) {
    this.#measures = measures;
    this.#end = end;
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (!width || !height) return;
    const context = this.#prepare(width, height);
    if (!this.#measures) return;
    const { asked, arrivals, marks, planned } = this.#measures;
    const end = this.#end ?? performance.now();
    const last = Math.max(end, planned.at(-1) ?? 0);
    const across = Math.max(last - asked, 1);
    const most = Math.max(planned.length, this.#measures.events, 1);
    const plot = {
      context,
      colour: this.#colours(),
      right: width - PAD.right,
      bottom: height - PAD.bottom,
      x: (time) => PAD.left + ((time - asked) / across) * (width - PAD.left - PAD.right),
      y: (nth) => height - PAD.bottom - (nth / most) * (height - PAD.top - PAD.bottom),
    };
    for (const [from, to] of this.#hidden.between(asked, end)) shade(plot, from, to);
    this.#axes(plot, asked, across, most);
    line(plot, planned);
    for (const mark of marks) flag(plot, mark);
    dots(plot, arrivals);
    this.#canvas.ariaLabel = this.#words.say("plotted", {
      n: this.#words.number(arrivals.length),
      planned: this.#words.number(planned.length),
      s: this.#words.fixed((end - asked) / 1000),
    });
  }

  /** Return the canvas's context, empty, in the page's pixels. */
  #prepare(width, height) {
    const canvas = this.#canvas;
    const [across, down] = [width, height].map((one) => Math.round(one * devicePixelRatio));
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    const context = canvas.getContext("2d");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = getComputedStyle(canvas).font;
    return context;
  }

  #colours() {
    const style = getComputedStyle(this.#canvas);
    const names = ["quiet", "line", "accent", "bad", "text"];
    return Object.fromEntries(
      names.map((name) => [name, style.getPropertyValue(`--stream-${name}`)]),
    );
  }

  #axes({ context, colour, x, y, right, bottom }, asked, across, most) {
    context.lineWidth = 1;
    context.strokeStyle = colour.line;
    context.fillStyle = colour.quiet;
    context.textAlign = "center";
    context.textBaseline = "top";
    const stepX = Math.max(0.1, niceStep(across / 1000, (right - PAD.left) / APART.x));
    for (let s = 0; s * 1000 <= across; s += stepX) {
      const at = x(asked + s * 1000);
      rule(context, at, PAD.top, at, bottom);
      const n = stepX < 1 ? this.#words.fixed(s) : this.#words.number(s);
      const label = this.#words.say("seconds", { n });
      context.fillText(label, Math.min(at, right - 8), bottom + 5);
    }
    context.textAlign = "end";
    context.textBaseline = "middle";
    const stepY = Math.max(1, niceStep(most, (bottom - PAD.top) / APART.y));
    for (let n = 0; n <= most; n += stepY) {
      rule(context, PAD.left, y(n), right, y(n));
      context.fillText(this.#words.number(n), PAD.left - 6, y(n));
    }
  }
}

/** Return 1, 2 or 5 of some power of ten, so that a range has no more steps than so many. */
function niceStep(range, most) {
  const least = range / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((one) => one * power).find((step) => step >= least);
}

function rule(context, x1, y1, x2, y2) {
  context.beginPath();
  // Half a pixel aside, a line of one pixel is sharp.
  context.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  context.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
  context.stroke();
}

/** Time in which nobody saw the page, and the browser gave it little. */
function shade({ context, colour, x, bottom }, from, to) {
  context.fillStyle = colour.quiet;
  context.globalAlpha = 0.25;
  context.fillRect(x(from), PAD.top, Math.max(1, x(to) - x(from)), bottom - PAD.top);
  context.globalAlpha = 1;
}

/** The plan: each event's step upwards, when it is due. */
function line({ context, colour, x, y }, planned) {
  context.strokeStyle = colour.quiet;
  context.lineWidth = 1.5;
  context.beginPath();
  let before = -1;
  planned.forEach((time, i) => {
    const at = x(time);
    // What lies within half a pixel is one line on the screen.
    if (i < planned.length - 1 && Math.abs(at - before) < 0.5) return;
    before = at;
    if (i) context.lineTo(at, y(i));
    else context.moveTo(at, y(0));
    context.lineTo(at, y(i + 1));
  });
  context.stroke();
}

/** The events that came. */
function dots({ context, colour, x, y }, arrivals) {
  context.fillStyle = colour.accent;
  const size = arrivals.length > DOT.many ? DOT.small : DOT.size;
  const half = (size - 1) / 2;
  let [left, top] = [-1, -1];
  for (const { time, nth } of arrivals) {
    const [across, up] = [Math.round(x(time)), Math.round(y(nth))];
    if (across === left && up === top) continue;
    [left, top] = [across, up];
    context.fillRect(across - half, up - half, size, size);
  }
}

/** What happened to the stream, at its time. */
function flag({ context, colour, x, bottom, right }, { time, kind }) {
  const at = Math.min(x(time), right);
  context.strokeStyle = context.fillStyle = kind === "lost" ? colour.bad : colour.text;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  rule(context, at, PAD.top, at, bottom);
  context.setLineDash([]);
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(GLYPHS[kind], at, PAD.top - 3);
}
