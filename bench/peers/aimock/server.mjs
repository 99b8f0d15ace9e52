// aimock with one fixture for each model: server.mjs PORT CATALOGUE.json
import { readFile } from "node:fs/promises";

import { LLMock } from "@copilotkit/aimock";

const [port, catalogue] = process.argv.slice(2);
const { width, models } = JSON.parse(await readFile(catalogue, "utf8"));
const mock = new LLMock({ port: Number(port), host: "127.0.0.1", logLevel: "silent" });
for (const { name, text, delay_ms } of models) {
  // The profile, because `latency` alone would hold back the first byte, too.
  const opts = { chunkSize: width, latency: delay_ms, streamingProfile: { ttft: 0 } };
  mock.on({ model: name }, { content: text }, opts);
}
await mock.start();
