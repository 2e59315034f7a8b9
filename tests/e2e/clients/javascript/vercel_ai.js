// Vercel's `ai` with its two providers for OpenAI's format. `openai` speaks the Responses API unless it is told not to;
// `compatible` speaks chat completions.

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, embedMany, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";
import { BASE_URL, KEY, MODEL, VECTORS, birdSize, main, png } from "./sextant.js";

globalThis.AI_SDK_LOG_WARNINGS = false;
const openai = createOpenAI({ baseURL: BASE_URL, apiKey: KEY });
const compatible = createOpenAICompatible({
  name: "sextant", baseURL: BASE_URL, apiKey: KEY, includeUsage: true, supportsStructuredOutputs: true,
});
const bird = z.object({ name: z.string(), nest: z.object({ material: z.string(), eggs: z.number().nullable() }) });
const prompt = "How large is a wren?";
const tools = {
  bird_size: tool({
    description: "Says how large a bird is.",
    inputSchema: z.object({ bird: z.string(), unit: z.string().nullable() }),
    execute: async (input) => birdSize(input),
  }),
};
// The provider of the Responses API would keep answers, which a stateless server refuses.
const stateless = { openai: { store: false } };
const models = {
  responses: openai.responses(MODEL), chat: openai.chat(MODEL), compatible: compatible.chatModel(MODEL),
};
const settings = (model) => ({ model, maxRetries: 0, providerOptions: stateless });

async function texts(model) {
  const whole = await generateText({ ...settings(model), system: "Be short.", prompt });
  const stream = streamText({ ...settings(model), prompt });
  const pieces = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  return {
    whole: [whole.text, whole.finishReason, whole.usage.totalTokens],
    streamed: [pieces.join(""), await stream.finishReason, (await stream.usage).totalTokens],
  };
}

async function loops(model) {
  const whole = await generateText({ ...settings(model), prompt, tools, stopWhen: stepCountIs(4) });
  const stream = streamText({ ...settings(model), prompt, tools, stopWhen: stepCountIs(4) });
  const text = await stream.text;
  const steps = await stream.steps;
  const called = (all) => all.flatMap(({ toolCalls }) => toolCalls.map(({ toolName, input }) => [toolName, input]));
  return { whole: [whole.text, called(whole.steps)], streamed: [text, called(steps)] };
}

async function objects(model) {
  const whole = await generateObject({ ...settings(model), schema: bird, prompt: "Describe a wren." });
  const stream = streamObject({ ...settings(model), schema: bird, prompt: "Describe a wren." });
  let last;
  for await (last of stream.partialObjectStream);
  const output = Output.object({ schema: bird });
  const text = await generateText({ ...settings(model), output, prompt: "Describe a wren." });
  return { whole: whole.object, streamed: await stream.object, last, output: text.output };
}

async function pictures(model) {
  const content = [
    { type: "text", text: "Which colour is it?" },
    { type: "file", data: png(), mediaType: "image/png" },
  ];
  const { text } = await generateText({ ...settings(model), messages: [{ role: "user", content }] });
  return { text };
}

// The stream of texts ends without a word when there is an error; the whole stream has it, or throws it when the connection
// breaks.
async function broken(model) {
  const stream = streamText({ ...settings(model), prompt, onError: () => {} });
  let [text, error] = ["", null];
  try {
    for await (const part of stream.fullStream) {
      if (part.type === "text-delta") text += part.text;
      if (part.type === "error") error = part.error?.constructor?.name ?? "error";
    }
  } catch (thrown) {
    error = thrown.constructor.name;
  }
  return { text, error };
}

async function vectors() {
  const values = ["one", "two"];
  const both = [openai.textEmbeddingModel ?? openai.embedding, compatible.textEmbeddingModel ?? compatible.embeddingModel];
  const lengths = [];
  for (const embedding of both) {
    const { embeddings } = await embedMany({ model: embedding(VECTORS), values, maxRetries: 0 });
    lengths.push(embeddings.map((one) => one.length));
  }
  return { lengths };
}

const functions = { vectors };
for (const [name, model] of Object.entries(models)) {
  for (const run of [texts, loops, objects, pictures, broken]) functions[`${name}_${run.name}`] = () => run(model);
}
await main(functions);
