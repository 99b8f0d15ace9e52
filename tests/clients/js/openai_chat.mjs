// OpenAI's npm SDK on Chat Completions: what it hears, as JSON.
import OpenAI from 'openai';

const [base] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any' });
const messages = [{ role: 'user', content: 'Hello' }];
const heard = {};

let text = '';
for await (const chunk of await client.chat.completions.create({ model: 'hostile', messages, stream: true })) {
  text += chunk.choices[0]?.delta.content ?? '';
}
heard.streamed = text;
heard.whole = (await client.chat.completions.create({ model: 'hostile', messages })).choices[0].message.content;

const helper = client.chat.completions.stream({ model: 'weather', messages });
const final = await helper.finalChatCompletion();
heard.helper = {
  content: final.choices[0].message.content,
  finish: final.choices[0].finish_reason,
  tools: final.choices[0].message.tool_calls.map((call) => [call.function.name, call.function.arguments]),
};

heard.times = [];
for await (const chunk of await client.chat.completions.create({ model: 'paced', messages, stream: true })) {
  if (chunk.choices[0]?.delta.content) heard.times.push(performance.now() / 1000);
}

heard.models = (await client.models.list()).data.map((model) => model.id);
try {
  await client.chat.completions.create({ model: 'nonesuch', messages });
} catch (error) {
  heard.error = { name: error.constructor.name, status: error.status, param: error.param, message: error.message };
}

// One plays and has the only place; who asks meanwhile waits as long as it is told.
const busy = { model: 'busy', messages };
const playing = await client.chat.completions.create({ ...busy, stream: true });
await playing[Symbol.asyncIterator]().next();
try {
  await client.chat.completions.create(busy, { maxRetries: 0 });
} catch (error) {
  heard.refused = [error.constructor.name, error.headers.get('retry-after')];
}
const asked = performance.now();
const retried = await client.chat.completions.create({ ...busy, max_tokens: 1 });
heard.retried = retried.choices[0].message.content;
heard.waited = (performance.now() - asked) / 1000;
playing.controller.abort();
console.log(JSON.stringify(heard));
