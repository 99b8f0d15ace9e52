/** What is done with a text before it becomes nodes: reading it, and healing its end. */

import assert from "node:assert/strict";
import test from "node:test";

import { Fence } from "../../streams/static/streams/markdown/fence.js";
import { Reader, breakpoint } from "../../streams/static/streams/markdown/reader.js";
import { healed } from "../../streams/static/streams/markdown/tail.js";

const read = (source, links = {}) => new Reader().read(source, links);

function* all(tokens) {
  for (const token of tokens) {
    yield token;
    const cells = [token.header ?? [], ...(token.rows ?? [])].flat();
    yield* all([...(token.tokens ?? []), ...(token.items ?? []), ...cells]);
  }
}

const depth = (token) => {
  const inside = [...(token.tokens ?? []), ...(token.items ?? [])];
  return 1 + Math.max(0, ...inside.map(depth));
};

test("whatever is nested or wide, what comes of it has bounds", () => {
  const nested = [
    "> ".repeat(8000),
    "1. ".repeat(5000),
    "- ".repeat(8000),
    "*a **b ".repeat(1000) + "b** a*".repeat(1000),
    "[".repeat(4000) + "](x)".repeat(3000),
  ];
  for (const source of nested) {
    const tokens = read(source);
    assert.equal(tokens.map(({ raw }) => raw).join("").length, source.length);
    assert.ok(Math.max(...tokens.map(depth)) < 100, source.slice(0, 20));
  }
  const table = (columns) => `${"|a".repeat(columns)}|\n${"|-".repeat(columns)}|\nx\n`;
  assert.equal(read(table(40))[0].type, "table");
  const wide = [...all(read(table(41) + "x\n".repeat(3000)))];
  assert.ok(!wide.some(({ type }) => type === "table"));
  assert.ok(wide.length < 10);
});

test("a text that grows is read as if it came at once, links that come to be included", () => {
  const reader = new Reader();
  const source = "See *this*, [that][1] and `code`.\n\n- [that]\n\n[1]: http://a.example/\n[that]: b";
  for (let end = 0; end <= source.length; end++) {
    const part = source.slice(0, end);
    assert.deepEqual(reader.read(part, {}), read(part));
  }
  const known = { 1: { href: "http://c.example/" } };
  const [link] = [...all(reader.read("[that][1]", known))].filter(({ type }) => type === "link");
  assert.equal(link.href, "http://c.example/");
});

test("a long text is cut behind a line, a sentence or a word, and in no character", () => {
  const cut = (text, most) => text.slice(0, breakpoint(text, most));
  assert.equal(cut("one two\nthree. four", 16), "one two\nthree. ");
  assert.equal(cut("aaa bbb\nccc ddd", 13), "aaa bbb\n");
  assert.equal(cut("一二三四。五六七", 6), "一二三四。");
  assert.equal(cut("aaaa bbbb cccc", 12), "aaaa bbbb ");
  assert.equal(cut("aaaaaaaaaaaa", 5), "aaaaa");
  assert.equal(cut("👋👋👋", 3), "👋");
});

test("nobody sees a mark before it is known what it is", () => {
  const text = [
    "# The *first* of them",
    "Some **bold and `code [0]`** words, a [link](http://a.example/x_y), 2 * 3, snake_case_it.",
    "",
    "- one ~~two~~",
    "- [x] done",
    "",
    "| a | **b** |\n|---|:-:|\n| `c` | *d* |",
    "",
    "这是**粗体**和*斜体*。",
    "",
    "```py\nx = a ** b\n```\n",
  ].join("\n");
  const marks = /\*\*|~~|`|\]\(|^- |^#|:-|\[[ x]?\]?$/m;
  for (let end = 1; end <= text.length; end++) {
    const part = text.slice(0, end);
    for (const { type, text: shown, tokens } of all(read(healed(part)))) {
      if (type !== "text" || tokens) continue;
      assert.doesNotMatch(shown, marks, JSON.stringify(part.slice(-30)));
      // A header becomes one with the line under it.
      if (part.includes("|:-:|\n")) assert.doesNotMatch(shown, /\|/);
    }
  }
  assert.equal(healed("Heading?\n--"), "Heading?\n");
  assert.equal(healed("2 * 3 and a*b"), "2 * 3 and a*b");
  assert.equal(healed("- a\n  ```\n  x ** y"), "- a\n  ```\n  x ** y");
  assert.equal(healed("all **said**.\n\n"), "all **said**.\n\n");
});

test("code grows by its text, and its last line is never seen in it", () => {
  const node = () => ({
    data: "",
    get length() { return this.data.length; },
    appendData(more) { this.data += more; },
  });
  const code = "\nlet a = `x`;\n\n``\n  ```no\n\t\n";
  for (const [open, close] of [["```js", "```"], ["~~~", "  ~~~~ "], [" ````", " ````"]]) {
    const text = `${code}${close}\nnot code`;
    for (let size = 1; size <= text.length; size++) {
      const shown = node();
      const fence = new Fence(open, { firstChild: shown });
      let rest = "";
      for (let at = 0; at < text.length; at += size) {
        rest += text.slice(at, at + size);
        if (fence.isOpen) rest = rest.slice(fence.take(rest, false));
        assert.ok(code.startsWith(shown.data) || open.startsWith(" "), shown.data);
      }
      assert.equal(rest, "not code");
      const expected = code.slice(0, -1);
      const outdented = expected.replace(/^[ \t]/gm, "");
      assert.equal(shown.data, open.startsWith(" ") ? outdented : expected);
    }
  }
  const cut = node();
  const fence = new Fence("```", { firstChild: cut });
  fence.take("a\n``", false);
  assert.equal(cut.data, "a");
  fence.take("``", true);
  assert.equal(cut.data, "a\n``");
});
