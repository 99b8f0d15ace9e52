// Anthropic's npm SDK on Messages: what it hears, as JSON.
import Anthropic from '@anthropic-ai/sdk';

const [base] = process.argv.slice(2);
const client = new Anthropic({ baseURL: base, apiKey: 'any' });
const messages = [{ role: 'user', content: 'Hello' }];
const ask = (model, more) => ({ model, messages, max_tokens: 1000, ...more });
const heard = {};

let text = '';
for await (const event of await client.messages.create(ask('hostile', { stream: true }))) {
  if (event.type === 'content_block_delta') text += event.delta.text;
}
heard.streamed = text;
heard.whole = (await client.messages.create(ask('hostile'))).content[0].text;
heard.finalText = await client.messages.stream(ask('hostile')).finalText();

const helper = client.messages.stream(ask('weather'));
const inputs = [];
helper.on('inputJson', (delta) => inputs.push(delta));
const final = await helper.finalMessage();
const whole = await client.messages.create(ask('weather'));
const shown = ({ content, stop_reason, usage }) => ({
  reason: stop_reason,
  usage,
  content: content.map((block) => (block.type === 'text' ? block.text : [block.name, block.input])),
});
heard.weather = [shown(final), shown(whole)];
heard.inputs = inputs.join('');
heard.requestId = [helper.request_id, helper.response.headers.get('x-stream-run')];

const results = final.content
  .filter((block) => block.type === 'tool_use')
  .map((block) => ({ type: 'tool_result', tool_use_id: block.id, content: 'cold' }));
const loop = [...messages, { role: 'assistant', content: final.content }, { role: 'user', content: results }];
heard.after = shown(await client.messages.stream(ask('weather', { messages: loop })).finalMessage());

const thinking = client.messages.stream(ask('reasoning'));
heard.thoughts = '';
thinking.on('thinking', (delta) => (heard.thoughts += delta));
thinking.on('signature', (signature) => (heard.signature = signature));
heard.thoughtful = (await thinking.finalMessage()).content;

const refusal = await client.messages.stream(ask('refusal')).finalMessage();
heard.refusal = [refusal.content[0].text, refusal.stop_reason, refusal.stop_details.type];
const stopped = await client.messages.stream(ask('words', { stop_sequences: [' four'] })).finalMessage();
heard.stopped = [stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence];

heard.times = [];
for await (const event of await client.messages.create(ask('paced', { stream: true }))) {
  if (event.type === 'content_block_delta') heard.times.push(performance.now() / 1000);
}

heard.models = [];
for await (const model of client.models.list()) heard.models.push(model.id);
heard.count = (await client.messages.countTokens({ model: 'words', messages })).input_tokens;

const errors = {
  unknown: () => client.messages.create(ask('nonesuch')),
  keyed: () => client.messages.stream(ask('keyed')).finalMessage(),
  cut: () => client.messages.stream(ask('limited')).finalMessage(),
};
heard.errors = {};
for (const [name, fail] of Object.entries(errors)) {
  try {
    await fail();
  } catch (error) {
    const { status, requestID, message } = error;
    heard.errors[name] = { name: error.constructor.name, type: error.error?.error?.type, status, requestID, message };
  }
}

// One plays and has the only place; who asks meanwhile waits as long as it is told.
const playing = await client.messages.create(ask('busy', { stream: true }));
await playing[Symbol.asyncIterator]().next();
try {
  await client.messages.create(ask('busy'), { maxRetries: 0 });
} catch (error) {
  heard.refused = [error.constructor.name, error.headers.get('retry-after')];
}
const asked = performance.now();
heard.retried = (await client.messages.create(ask('busy', { max_tokens: 1 }))).content[0].text;
heard.waited = (performance.now() - asked) / 1000;
playing.controller.abort();
console.log(JSON.stringify(heard));
