/**
 * What came when, against the plan. All times are milliseconds; those of the plan count
 * from the stream's start, those of events from any one moment. No DOM.
 */

// Below, nobody sees whether text came in pieces.
const SHORTEST_JUDGED = 1000;
const FEWEST_JUDGED = 5;
// What a busy browser may be late without anything being wrong; and what nothing but a
// buffer makes of events that come together.
const LATE = 150;
const COLLECTED = 500;
/** Milliseconds in which what was under way when a stream was held still comes. */
export const SETTLING = 500;

/** Events of one connection: between them, the stream's time ran as planned. */
class Stretch {
  times = [];
  due = [];
  /** Index of the first event's step. */
  step = 0;

  get offsets() {
    return this.times.map((time, i) => time - this.due[i]);
  }
}

export class Measures {
  /** Events that were heard, in all. */
  events = 0;
  /** Milliseconds from the request to the first event, or null. */
  first = null;
  /** When each event came, and which of those planned it is (from 1 on). */
  arrivals = [];
  /** What happened beside events: `time`, and `kind`, which is for the page to know. */
  marks = [];
  /** When the stream was asked for. */
  asked;

  #steps;
  #due = new Map();
  #revision;
  #heardOf = [];
  #last = null;
  #lastStep = -1;
  #gaps = [];
  #stretches = [new Stretch()];

  /**
   * @param {number} asked  when the stream was asked for
   * @param {{ revision: string, steps: { position: number, due: number, text: string, direction?: string }[]
   *   } | null} plan  as the server gives it (its `due` are seconds); null: not known
   */
  constructor(asked, plan) {
    this.asked = asked;
    this.#revision = plan?.revision ?? "";
    this.#steps = (plan?.steps ?? []).map((step) => ({ ...step, due: step.due * 1000 }));
    this.#steps.forEach((step, i) => {
      if (!this.#due.has(step.position)) this.#due.set(step.position, i);
      if (says(step)) this.#heardOf.push(i);
    });
  }

  /** Milliseconds from the start to the first event that the plan has, or null. */
  get plannedFirst() {
    return this.#steps.find(says)?.due ?? null;
  }

  /**
   * An event came.
   * @returns {{ gap: number | null, late: number | null }}  since the event before; and
   *   against the plan, from the first event of this stretch on
   */
  heard(time, id) {
    this.events += 1;
    this.first ??= time - this.asked;
    const gap = this.#last === null ? null : time - this.#last;
    if (gap !== null) this.#gaps.push(gap);
    this.#last = time;
    // An id is the revision and the position; of another revision, nothing was planned.
    const dash = id.lastIndexOf("-");
    const ours = dash > 0 && id.slice(0, dash) === this.#revision;
    const step = ours ? this.#due.get(Number(id.slice(dash + 1))) : undefined;
    this.arrivals.push({ time, nth: step === undefined ? this.events : this.#nth(step) });
    if (step === undefined) return { gap, late: null };
    this.#lastStep = step;
    const stretch = this.#stretches.at(-1);
    if (!stretch.times.length) stretch.step = step;
    const { due } = this.#steps[step];
    stretch.times.push(time);
    stretch.due.push(due);
    return { gap, late: time - stretch.times[0] - (due - stretch.due[0]) };
  }

  mark(time, kind) {
    this.marks.push({ time, kind });
  }

  /**
   * When each event is due, as far as is known by now: like `late`, from the first event
   * of each stretch on.
   * @returns {number[]}
   */
  get planned() {
    const begun = this.#stretches.filter(({ times }) => times.length);
    let from = this.asked;
    let next = 0;
    return this.#heardOf.map((step) => {
      for (; next < begun.length && begun[next].step <= step; next++) {
        from = begun[next].times[0] - begun[next].due[0];
      }
      return from + this.#steps[step].due;
    });
  }

  /** The stream's time stood still, or starts anew: compare nothing across this. */
  interrupted() {
    if (this.#stretches.at(-1).times.length) this.#stretches.push(new Stretch());
    this.#last = null;
  }

  /**
   * Name a silence since the last event: one that the script has, one that nobody planned,
   * or none yet.
   * @returns {"held" | "stalled" | null}
   */
  silence(milliseconds) {
    const { gap, hold } = this.#next;
    if (hold && milliseconds > gap + SETTLING) return "held";
    const longest = Math.max(1000, Math.min(3 * gap, gap + 3000));
    return milliseconds > longest ? "stalled" : null;
  }

  /** What the plan has next: after how long, and whether it is held before that. */
  get #next() {
    const from = this.#steps[this.#lastStep]?.due ?? 0;
    let hold = false;
    for (let i = this.#lastStep + 1; i < this.#steps.length; i++) {
      if (this.#steps[i].direction === "hold") hold = true;
      if (says(this.#steps[i])) return { gap: this.#steps[i].due - from, hold };
    }
    return { gap: 0, hold };
  }

  /** Return which of the events that the plan has a step is, from 1 on. */
  #nth(step) {
    let [low, high] = [0, this.#heardOf.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#heardOf[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  summary() {
    const offsets = this.#stretches.flatMap(({ offsets }) => {
      const least = offsets.reduce((a, b) => Math.min(a, b), Infinity);
      return offsets.map((offset) => offset - least);
    });
    const planned = this.#stretches.flatMap(({ due }) => differences(due));
    return {
      p50: quantile(this.#gaps, 0.5),
      p95: quantile(this.#gaps, 0.95),
      planned50: quantile(planned, 0.5),
      planned95: quantile(planned, 0.95),
      late: quantile(offsets, 0.95),
      seconds: this.#gaps.reduce((sum, gap) => sum + gap, 0) / 1000,
    };
  }

  /**
   * Judge the longest stretch.
   * @returns {{ is: "on-time" | "late" | "buffered", events: number, planned: number,
   *   seen: number, late: number } | null}  null where there is too little to tell
   */
  verdict() {
    const [longest] = [...this.#stretches].sort((a, b) => span(b.due) - span(a.due));
    const { times, due } = longest;
    const planned = span(due);
    if (times.length < FEWEST_JUDGED || planned < SHORTEST_JUDGED) return null;
    const { late } = this.summary();
    // The shortest time in which nine of ten events came.
    const most = Math.ceil(times.length * 0.9);
    let seen = Infinity;
    for (let i = 0; i + most <= times.length; i++) {
      seen = Math.min(seen, times[i + most - 1] - times[i]);
    }
    // Or in clumps: most of what should have come apart came together.
    const apart = differences(due).flatMap((gap, i) =>
      gap < 20 ? [] : [times[i + 1] - times[i] < gap / 10],
    );
    const together = apart.filter(Boolean).length > apart.length / 2;
    const buffered = seen < planned / 10 || (together && late > COLLECTED);
    const is = buffered ? "buffered" : late > LATE ? "late" : "on-time";
    return { is, events: times.length, planned, seen: span(times), late };
  }
}

/** Tell whether a client hears of a step. */
function says({ text, direction }) {
  return text !== "" || direction === "event" || direction === "tool";
}

function span(values) {
  return values.length ? values.at(-1) - values[0] : 0;
}

function differences(values) {
  return values.slice(1).map((value, i) => value - values[i]);
}

/** Return the least value that so many of all are not above, or null for none. */
export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
