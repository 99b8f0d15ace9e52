/** The parser: streams.json whole, byte by byte, and in every two pieces. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EventStreamParser } from "../../streams/static/streams/sse.js";

const table = JSON.parse(readFileSync(new URL("streams.json", import.meta.url)));

/** `text` is sent as UTF-8; each character of `bytes` is one byte. */
const bytesOf = ({ text, bytes }) =>
  text === undefined ? Buffer.from(bytes, "latin1") : Buffer.from(text);

function parse(pieces, options) {
  const parser = new EventStreamParser(options);
  const items = pieces.flatMap((piece) => parser.push(piece));
  return { parser, items: [...items, ...parser.end()] };
}

const brief = (items) => items.map((item) => [item.event, item.data, item.id]);

function* cuts(bytes) {
  yield [bytes];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
  yield Array.from(bytes, (byte) => [Uint8Array.of(byte), new Uint8Array()]).flat();
  for (let at = 0; at <= bytes.length; at++) {
    yield [bytes.subarray(0, at), bytes.subarray(at)];
  }
}

for (const stream of table) {
  test(stream.name, () => {
    for (const pieces of cuts(bytesOf(stream))) {
      const { parser, items } = parse(pieces);
      assert.deepEqual(brief(items), stream.events);
      assert.equal(parser.lastEventId, stream.lastEventId);
      assert.equal(parser.retry, stream.retry);
    }
  });

  test(`${stream.name}: raw bytes, joined, are the body`, () => {
    const body = bytesOf(stream);
    for (const pieces of cuts(body)) {
      const { items } = parse(pieces, { raw: true, comments: true });
      const events = items.filter((item) => !item.type);
      assert.deepEqual(brief(events), stream.events);
      const raw = items.filter((item) => item.raw).map((item) => item.raw);
      assert.deepEqual(Buffer.concat(raw), body);
    }
  });
}

test("three pieces, one of them within a CR LF and one within a character", () => {
  const bytes = Buffer.from("\ufeffid: 世\r\ndata: 👩‍👧\r\n\r\ndata: b\r\r\n\r");
  for (let i = 0; i <= bytes.length; i++) {
    for (let j = i; j <= bytes.length; j++) {
      const pieces = [bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)];
      const expected = [
        ["message", "👩‍👧", "世"],
        ["message", "b", "世"],
      ];
      assert.deepEqual(brief(parse(pieces).items), expected);
    }
  }
});

test("an event comes with the byte that ends it, whatever the line ends", () => {
  for (const text of ["data: a\n\n", "data: a\r\r", "data: a\r\n\r", "data: a\n\r"]) {
    const parser = new EventStreamParser();
    assert.deepEqual(parser.push(Buffer.from(text.slice(0, -1))), []);
    assert.equal(
      parser.push(Buffer.from(text.slice(-1))).length,
      1,
      JSON.stringify(text),
    );
    assert.deepEqual(parser.push(Buffer.from("\n")), []);
  }
});

test("an event tells its block's retry, the parser the last one", () => {
  const parser = new EventStreamParser();
  const bytes = Buffer.from("retry: 5\nretry: 7\ndata: a\n\nretry: 9\n\ndata: b\n\n");
  assert.deepEqual(parser.push(bytes), [
    { event: "message", data: "a", id: "", retry: 7 },
    { event: "message", data: "b", id: "" },
  ]);
  assert.equal(parser.retry, 9);
});

test("comments and bytes, for those who want to see them", () => {
  const text = ": one\n:two\n\nid: 1\ndata: a\r\n: three\r\n\r\nid: 2\n\ndata: b";
  const seen = parse([Buffer.from(text)], { comments: true, raw: true }).items;
  const shown = seen.map((item) =>
    item.raw ? { ...item, raw: Buffer.from(item.raw).toString() } : item,
  );
  assert.deepEqual(shown, [
    { type: "comment", text: "one" },
    { type: "comment", text: "two" },
    { type: "bytes", raw: ": one\n:two\n\n" },
    { type: "comment", text: "three" },
    { event: "message", data: "a", id: "1", raw: "id: 1\ndata: a\r\n: three\r\n\r\n" },
    { type: "bytes", raw: "id: 2\n\n" },
    { type: "bytes", raw: "data: b" },
  ]);
});

test("what it returns is its own, though the caller's buffer changes", () => {
  const parser = new EventStreamParser({ raw: true });
  const buffer = Buffer.from("data: a\n");
  parser.push(buffer);
  buffer.fill(120);
  const [event] = parser.push(Buffer.from("\n"));
  assert.equal(event.data, "a");
  assert.equal(Buffer.from(event.raw).toString(), "data: a\n\n");
});

test("after end() it reads the next connection, from the last complete block", () => {
  const parser = new EventStreamParser({ lastEventId: "0" });
  parser.push(Buffer.from("data: a\n\n"));
  assert.equal(parser.lastEventId, "0");
  parser.push(Buffer.from("id: 1\nevent: x\ndata: b\n\nid: 2\nevent: y\ndata: c\r"));
  assert.deepEqual(parser.end(), []);
  assert.equal(parser.lastEventId, "1");
  // A BOM may stand at the start again.
  const [event] = parser.push(Buffer.from("\ufeffdata: d\n\n"));
  assert.deepEqual(event, { event: "message", data: "d", id: "1" });
});

test("after end() an LF is a line end, not the rest of a CR LF", () => {
  const parser = new EventStreamParser();
  parser.push(Buffer.from("data: a\r"));
  parser.end();
  // So its line is the first, and the BOM is one too late.
  assert.deepEqual(parser.push(Buffer.from("\n\ufeffdata: b\n\n")), []);
});

test("text is refused", () => {
  assert.throws(
    () => new EventStreamParser().push("data: a\n\n"),
    /Uint8Array, not string/,
  );
});

test("long lines, many pieces and many events cost what their length costs", () => {
  // Minutes, were each piece joined to all before it.
  const line = Buffer.from(`data: ${"x".repeat(1e6)}\n\n`);
  for (const options of [{}, { raw: true }]) {
    const parser = new EventStreamParser(options);
    let events = [];
    for (let at = 0; at < line.length; at++) {
      events = events.concat(parser.push(line.subarray(at, at + 1)));
    }
    assert.deepEqual(
      events.map((event) => event.data.length),
      [1e6],
    );
  }
  const lines = Buffer.from(`${"data: x\n".repeat(3e5)}\n`);
  assert.equal(parse([lines]).items[0].data.length, 6e5 - 1);
  const events = Buffer.from("id: 1\ndata: x\n\n".repeat(3e5));
  assert.equal(parse([events]).items.length, 3e5);
});
