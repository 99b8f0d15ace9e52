// The Assistants API through OpenAI's npm SDK; prints what was heard as JSON.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: 'any', maxRetries: 0 });
const { assistants, threads } = client.beta;
const messages = [{ role: 'user', content: 'Hello' }];
const heard = {};

const spoken = (message) => message.content.map((part) => part.text?.value ?? part.refusal).join('');

async function begin(model) {
  const [thread, assistant] = await Promise.all([threads.create({ messages }), assistants.create({ model })]);
  return [thread.id, { assistant_id: assistant.id }];
}

async function answers(thread_id) {
  const found = [];
  for await (const message of threads.messages.list(thread_id, { order: 'asc', limit: 1 })) {
    if (message.role === 'assistant') found.push(spoken(message));
  }
  return found;
}

// Text, through the helper with its events.
const [thread, body] = await begin('hostile');
const stream = threads.runs.stream(thread, body);
heard.deltas = '';
stream.on('textDelta', (delta) => { heard.deltas += delta.value; });
stream.on('textDone', (text) => { heard.done = text.value; });
heard.final = (await stream.finalMessages()).map(spoken);
heard.run = (await stream.finalRun()).status;
heard.kept = await answers(thread);

heard.polled = (await threads.runs.createAndPoll(thread, body)).status;
heard.keptTwice = (await answers(thread)).length;

// The raw events of a run that brings its own thread.
heard.events = [];
for await (const event of await threads.createAndRun({ ...body, thread: { messages }, stream: true })) {
  if (heard.events.at(-1) !== event.event) heard.events.push(event.event);
}

// Tools: a stream, then another with their results.
const [place, weather] = await begin('weather');
const calling = threads.runs.stream(place, weather);
heard.tools = [];
calling.on('toolCallCreated', (call) => heard.tools.push(call.function.name));
calling.on('toolCallDone', (call) => heard.tools.push(call.function.arguments));
const waiting = await calling.finalRun();
heard.waiting = waiting.status;
const tool_outputs = waiting.required_action.submit_tool_outputs.tool_calls.map((call) => ({
  tool_call_id: call.id,
  output: '-3 °C',
}));
const going = threads.runs.submitToolOutputsStream(waiting.id, { thread_id: place, tool_outputs });
heard.after = (await going.finalMessages()).map(spoken);
heard.ended = (await going.finalRun()).status;
heard.loop = await answers(place);
heard.steps = (await going.finalRunSteps()).map((step) => [step.type, step.status]);

const refused = threads.runs.stream(...(await begin('refusal')));
heard.refusal = (await refused.finalMessages()).map((message) => message.content);

const [short, words] = await begin('words');
const limited = threads.runs.stream(short, { ...words, max_completion_tokens: 2 });
heard.limited = [(await limited.finalRun()).status, spoken((await limited.finalMessages())[0])];

heard.times = [];
const paced = threads.runs.stream(...(await begin('paced')));
paced.on('textDelta', () => heard.times.push(performance.now() / 1000));
await paced.done();

// Cancelled while it streams: the helper takes that for an end.
const [long, slow] = await begin('paced');
const stopped = threads.runs.stream(long, slow);
stopped.once('textDelta', () => threads.runs.cancel(stopped.currentRun().id, { thread_id: long }));
heard.cancelled = (await stopped.finalRun()).status;
heard.cut = [(await stopped.finalMessages()).map(spoken), await answers(long)];

for (const [name, make] of [
  ['middle', async () => threads.runs.stream(...(await begin('limited'))).done()],
  ['missing', () => threads.retrieve('thread_x')],
]) {
  try {
    await make();
  } catch (error) {
    heard[name] = { name: error.constructor.name, status: error.status, message: error.message, code: error.code };
  }
}
console.log(JSON.stringify(heard));
