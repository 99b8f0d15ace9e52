/** What the playground says of a stream's timing, from times alone. */

import assert from "node:assert/strict";
import test from "node:test";

import { Measures, quantile } from "../../streams/static/streams/playground/measures.js";

const every = (ms, count, first = 300) => ({
  revision: "abc",
  steps: Array.from({ length: count }, (_, i) => ({
    position: i + 1,
    due: (first + i * ms) / 1000,
    text: "x",
  })),
});

/** Hear each event of a plan at what `arrive` makes of its due time. */
function play(plan, arrive, asked = 1000) {
  const measures = new Measures(asked, plan);
  const heard = plan.steps.map(({ position, due }, i) =>
    measures.heard(asked + arrive(due * 1000, i), `abc-${position}`),
  );
  return { measures, heard };
}

test("a stream on time is said to be so, however long the way", () => {
  const { measures, heard } = play(every(40, 100), (due) => due + 70);
  assert.deepEqual(heard[0], { gap: null, late: 0 });
  assert.equal(Math.round(heard[1].gap), 40);
  assert.equal(Math.round(heard[99].late), 0);
  assert.equal(Math.round(measures.first), 370);
  assert.equal(measures.plannedFirst, 300);
  assert.equal(measures.verdict().is, "on-time");
  const { p50, planned95, late, seconds } = measures.summary();
  assert.deepEqual([p50, planned95, late].map(Math.round), [40, 40, 0]);
  assert.equal(seconds.toFixed(2), "3.96");
});

test("what comes in one piece at the end, or in clumps, was buffered", () => {
  const whole = play(every(40, 100), (due, i) => 5000 + i / 10).measures.verdict();
  assert.deepEqual([whole.is, whole.events], ["buffered", 100]);
  assert.equal(Math.round(whole.planned), 3960);
  const clumps = (due) => 300 + Math.ceil((due - 300) / 1000) * 1000;
  assert.equal(play(every(40, 100), clumps).measures.verdict().is, "buffered");
});

test("what falls behind without clumps is late", () => {
  const { measures, heard } = play(every(40, 100), (due) => due * 1.2);
  assert.equal(measures.verdict().is, "late");
  assert.equal(Math.round(heard[99].late), 792);
});

test("a plan of bursts that arrives as bursts is on time", () => {
  const plan = every(0, 50);
  plan.steps.forEach((step, i) => (step.due = Math.floor(i / 10)));
  assert.equal(play(plan, (due) => due).measures.verdict().is, "on-time");
});

test("nothing is judged that is too short to tell", () => {
  assert.equal(play(every(1, 100), () => 500).measures.verdict(), null);
  assert.equal(play(every(1000, 4), () => 500).measures.verdict(), null);
  const unknown = new Measures(0, null);
  assert.deepEqual(unknown.heard(5, "abc-1"), { gap: null, late: null });
  assert.equal(unknown.verdict(), null);
  assert.equal(unknown.silence(900), null);
  assert.deepEqual(unknown.planned, []);
});

test("an interruption is compared with nothing", () => {
  const plan = every(40, 100);
  const measures = new Measures(0, plan);
  plan.steps.forEach(({ position, due }, i) => {
    if (i === 50) measures.interrupted();
    const { gap, late } = measures.heard(due * 1000 + (i < 50 ? 0 : 8000), `abc-${position}`);
    assert.equal(gap === null, i === 0 || i === 50);
    assert.equal(Math.round(late), 0);
  });
  assert.equal(measures.verdict().is, "on-time");
});

test("ids of another revision, or of no plan, have no lateness", () => {
  const measures = new Measures(0, every(40, 100));
  for (const id of ["abd-1", "abc-101", "abc", "-1", ""]) {
    assert.equal(measures.heard(0, id).late, null, id);
  }
  assert.equal(measures.events, 5);
});

test("a silence is named: the script's own, or one that nobody planned", () => {
  const plan = every(40, 3);
  plan.steps.splice(2, 0, { position: 2.5, due: 0.34, text: "", direction: "hold" });
  const measures = new Measures(0, plan);
  measures.heard(300, "abc-1");
  assert.deepEqual([900, 1001].map((ms) => measures.silence(ms)), [null, "stalled"]);
  measures.heard(340, "abc-2");
  assert.deepEqual([530, 550].map((ms) => measures.silence(ms)), [null, "held"]);
  measures.heard(380, "abc-3");
  assert.deepEqual([550, 1001].map((ms) => measures.silence(ms)), [null, "stalled"]);
});

test("planned times begin with the first event, and again after an interruption", () => {
  const plan = every(40, 4);
  plan.steps.splice(1, 0, { position: 1.5, due: 0.3, text: "", direction: "hold" });
  const measures = new Measures(1000, plan);
  const planned = () => measures.planned.map(Math.round);
  assert.deepEqual(planned(), [1300, 1340, 1380, 1420]);
  measures.heard(1370, "abc-1");
  measures.heard(1400, "abc-2");
  assert.deepEqual(planned(), [1370, 1410, 1450, 1490]);
  measures.interrupted();
  measures.heard(5000, "abc-3");
  measures.heard(5005, "xyz-9");
  assert.deepEqual(planned(), [1370, 1410, 5000, 5040]);
  // Which of those planned each is; what was not planned is counted.
  assert.deepEqual(measures.arrivals, [
    { time: 1370, nth: 1 },
    { time: 1400, nth: 2 },
    { time: 5000, nth: 3 },
    { time: 5005, nth: 4 },
  ]);
});

test("a quantile is one of the values", () => {
  assert.equal(quantile([], 0.5), null);
  assert.equal(quantile([7], 0.95), 7);
  assert.equal(quantile([10, 9, 1, 2], 0.5), 2);
  assert.equal(quantile(Array.from({ length: 100 }, (_, i) => i + 1), 0.95), 95);
});
