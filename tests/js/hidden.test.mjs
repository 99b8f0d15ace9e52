/** When a page could not be seen, as the browser tells it. */

import assert from "node:assert/strict";
import test from "node:test";

import { Hidden } from "../../streams/static/streams/playground/hidden.js";

test("times out of sight are cut to what is asked for", (t) => {
  let now = 0;
  const page = new EventTarget();
  globalThis.document = page;
  t.mock.method(performance, "now", () => now);
  const turn = (time, hidden) => {
    [now, page.hidden] = [time, hidden];
    page.dispatchEvent(new Event("visibilitychange"));
  };
  page.hidden = false;
  const hidden = new Hidden();
  turn(100, true);
  turn(200, false);
  turn(300, true);
  assert.deepEqual(hidden.between(0, 400), [[100, 200], [300, 400]]);
  assert.deepEqual(hidden.between(150, 250), [[150, 200]]);
  assert.deepEqual(hidden.between(210, 290), []);
  turn(350, false);
  assert.deepEqual(hidden.between(310, 400), [[310, 350]]);
});
