/** For test_sse_js.py: each line in, a JSON list of Base64 pieces, is answered by one. */

import { createInterface } from "node:readline";
import { readEvents } from "../../streams/static/streams/sse.js";

for await (const line of createInterface({ input: process.stdin })) {
  const pieces = JSON.parse(line).map((piece) => Buffer.from(piece, "base64"));
  const items = [];
  for await (const item of readEvents(ReadableStream.from(pieces), { raw: true })) {
    items.push({ ...item, raw: Buffer.from(item.raw).toString("base64") });
  }
  console.log(JSON.stringify(items));
}
