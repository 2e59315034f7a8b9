// What the client programs share: the address, the key and the model of a deployed Sextant, and how a program answers.
// A program reads names of its functions, one a line, calls each and prints as a line of JSON what the library gave it.
// The environment has BASE_URL, API_KEY, MODEL and VECTORS, the model for embeddings.

import { createInterface } from "node:readline";
import { deflateSync, crc32 } from "node:zlib";

export const BASE_URL = `${process.env.BASE_URL}/v1`;
export const KEY = process.env.API_KEY;
export const MODEL = process.env.MODEL;
export const VECTORS = process.env.VECTORS;
export const SIZE_SCHEMA = {
  type: "object",
  properties: { bird: { type: "string", description: "The bird's name" }, unit: { type: ["string", "null"] } },
  required: ["bird", "unit"],
  additionalProperties: false,
};
const SIZES = { wren: "small", owl: "large" };
export const birdSize = ({ bird }) => `The ${bird} is ${SIZES[bird]}.`;

// A red square as base64 text of a PNG file.
export function png(side = 2) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0]);
  const rows = Buffer.concat(Array(side).fill(Buffer.concat([Buffer.from([0]), ...Array(side).fill(Buffer.from([255, 0, 0]))])));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  const parts = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]).toString("base64");
}

export async function main(functions) {
  for await (const line of createInterface({ input: process.stdin })) {
    let result;
    try {
      result = await functions[line.trim()]();
    } catch (error) {
      result = { exception: `${error.stack}` };
    }
    console.log(JSON.stringify(result));
  }
}
