// OpenAI's JavaScript client: tools, pictures and schemas, by chat completions and by the Responses API.

import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { BASE_URL, KEY, MODEL, SIZE_SCHEMA, birdSize, main, png } from "./sextant.js";

const client = new OpenAI({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "How large is a wren?" }];
const size = { name: "bird_size", description: "Says how large a bird is.", parameters: SIZE_SCHEMA };
const tools = [{ type: "function", function: size }];
const tool = { type: "function", ...size, strict: false };
const bird = z.object({ name: z.string(), nest: z.object({ material: z.string(), eggs: z.number().nullable() }) });
const ask = (changes) => client.chat.completions.create({ model: MODEL, messages, ...changes });
const respond = (changes) =>
  client.responses.create({ model: MODEL, input: "How large is a wren?", store: false, ...changes });

function said({ choices: [{ finish_reason: reason, message }] }) {
  const calls = (message.tool_calls ?? []).map(({ id, type, function: { name, arguments: text } }) => ({
    id, type, name, arguments: JSON.parse(text),
  }));
  return { reason, content: message.content, calls };
}

async function refusal(call) {
  try {
    await call();
    return { class: null };
  } catch (error) {
    return { class: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}

const named = { type: "function", function: { name: "bird_size" } };

async function choices() {
  return {
    auto: said(await ask({ tools })),
    required: said(await ask({ tools, tool_choice: "required" })),
    named: said(await ask({ tools, tool_choice: named })),
    none: said(await ask({ tools, tool_choice: "none" })),
    one_at_a_time: said(await ask({ tools, parallel_tool_calls: false })),
  };
}

async function streamed() {
  const stream = client.chat.completions.stream({ model: MODEL, messages, tools });
  const kinds = new Set();
  for (const kind of ["content", "tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"]) {
    stream.on(kind, () => kinds.add(kind));
  }
  return { final: said(await stream.finalChatCompletion()), events: [...kinds] };
}

// The library's own loop: it calls the function and asks again.
async function loop() {
  const runnable = { ...size, function: birdSize, parse: JSON.parse };
  const runner = client.chat.completions.runTools({ model: MODEL, messages, tools: [{ type: "function", function: runnable }] });
  const content = await runner.finalContent();
  return { content, roles: runner.messages.map(({ role }) => role) };
}

async function others() {
  const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${png()}` } };
  const seen = await ask({ messages: [{ role: "user", content: [{ type: "text", text: "Which colour?" }, picture] }] });
  const parsed = await client.chat.completions.parse({
    model: MODEL, messages, response_format: zodResponseFormat(bird, "bird"),
  });
  const called = await client.chat.completions.parse({
    model: MODEL, messages, tools: [zodFunction({ name: "describe_bird", parameters: bird })],
  });
  const model = await client.models.retrieve(MODEL);
  return {
    seen: said(seen).content,
    request_id: seen._request_id,
    parsed: parsed.choices[0].message.parsed,
    called: called.choices[0].message.tool_calls[0].function.parsed_arguments,
    model: model.id,
    missing: await refusal(() => client.models.retrieve("no-such-model")),
    completions: await refusal(() => client.completions.create({ model: MODEL, prompt: "A wren is" })),
  };
}

async function responses() {
  const whole = await respond({ instructions: "Be short." });
  const kinds = [];
  let text = "";
  for await (const event of await respond({ stream: true })) {
    kinds.push(event.type);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  const input = [{ role: "user", content: "How large is a wren?" }];
  const first = await respond({ input, tools: [tool] });
  input.push(...first.output);
  for (const item of first.output.filter(({ type }) => type === "function_call")) {
    input.push({ type: "function_call_output", call_id: item.call_id, output: birdSize(JSON.parse(item.arguments)) });
  }
  const second = await respond({ input, tools: [tool] });
  const parsed = await client.responses.parse({
    model: MODEL, input: "Describe a wren.", store: false, text: { format: zodTextFormat(bird, "bird") },
  });
  const stream = client.responses.stream({ model: MODEL, input: "How large is a wren?", store: false, tools: [tool] });
  const final = await stream.finalResponse();
  return {
    whole: [whole.status, whole.output_text, whole.usage.total_tokens],
    events: [...new Set(kinds)],
    text,
    loop: second.output_text,
    parsed: parsed.output_parsed,
    helper: final.output.filter(({ type }) => type === "function_call").map(({ name }) => name),
    previous: await refusal(() => respond({ previous_response_id: "resp_1" })),
  };
}

async function broken() {
  let text = "";
  try {
    for await (const chunk of await ask({ stream: true })) text += chunk.choices[0]?.delta.content ?? "";
    return { text, error: null };
  } catch (error) {
    return { text, error: error.constructor.name };
  }
}

await main({ choices, streamed, loop, others, responses, broken });
