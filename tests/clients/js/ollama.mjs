// Ollama's npm library on Ollama's own API: what it hears, as JSON.
import { Ollama } from 'ollama';

const [base, key] = process.argv.slice(2);
const client = new Ollama({ host: base, headers: { Authorization: `Bearer ${key}` } });
const messages = [{ role: 'user', content: 'Hello' }];
const heard = {};

async function listen(model, more) {
  const parts = [];
  for await (const part of await client.chat({ model, messages, stream: true, ...more })) {
    parts.push({ ...part, at: performance.now() / 1000 });
  }
  return parts;
}
const join = (parts) => parts.map((part) => part.message.content).join('');

heard.streamed = join(await listen('hostile'));
heard.whole = (await client.chat({ model: 'hostile', messages })).message.content;
heard.generated = '';
for await (const part of await client.generate({ model: 'hostile', prompt: 'Hello', stream: true })) {
  heard.generated += part.response;
}
heard.end = (await listen('words')).at(-1);
heard.thoughts = (await listen('reasoning')).map((part) => part.message.thinking ?? '').join('');
heard.cut = (await listen('words', { options: { num_predict: 3 } })).at(-1).done_reason;
heard.stopped = join(await listen('words', { options: { stop: [' four'] } }));

// A loop of tools, as one writes it.
const conversation = [...messages];
heard.calls = [];
for (let round = 0; round < 5; round += 1) {
  const { message } = await client.chat({ model: 'weather', messages: conversation });
  conversation.push(message);
  heard.answer = message.content;
  if (!message.tool_calls) break;
  for (const call of message.tool_calls) {
    heard.calls.push([call.function.name, call.function.arguments]);
    conversation.push({ role: 'tool', tool_name: call.function.name, content: '-3 °C' });
  }
}

heard.times = (await listen('paced')).filter((part) => !part.done).map((part) => part.at);
heard.silent = join(await listen('silent'));
heard.keyed = (await client.chat({ model: 'keyed', messages })).message.content;
heard.loaded = (await client.generate({ model: 'words', prompt: '' })).done_reason;
heard.models = (await client.list()).models.map((model) => model.name);
heard.running = (await client.ps()).models.map((model) => model.name);
heard.capabilities = (await client.show({ model: 'words' })).capabilities;
heard.version = (await client.version()).version;

heard.errors = [];
for (const model of ['nonesuch', 'limited']) {
  try {
    await listen(model);
  } catch (error) {
    heard.errors.push({ name: error.name, status: error.status_code, message: error.message });
  }
}
console.log(JSON.stringify(heard));
