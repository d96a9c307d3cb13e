// Parses every answer with the schema that orval has generated for its operation and status.

import { readFileSync } from "node:fs";

import { z } from "zod";

import * as generated from "./generated/zod.js";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
}

export interface Operation {
  operationId: string;
  parameters?: Parameter[];
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
}

export const BASE = process.env["BASE_URL"] ?? "http://127.0.0.1:8000";
export const document = JSON.parse(readFileSync("openapi.json", "utf8")) as Document;

const schemas = generated as unknown as Record<string, z.ZodType>;
const templates = Object.keys(document.paths).map((path) => ({
  path,
  expression: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  fixed: path.replaceAll(/\{\w+\}/g, "").length,
}));

/** How many answers have been parsed, by status. */
export const parsed = new Map<number, number>();
export const problems: string[] = [];

function operationOf(method: string, url: string): Operation | undefined {
  const { pathname } = new URL(url);
  const matching = templates.filter((one) => one.expression.test(pathname)).sort((a, b) => b.fixed - a.fixed);
  return matching[0] && document.paths[matching[0].path]?.[method.toLowerCase()];
}

/** What is wrong with the body of an answer, or null. */
export function checkedAs(operationId: string, status: number, body: unknown): string | null {
  const name = operationId.charAt(0).toUpperCase() + operationId.slice(1);
  const schema = schemas[`${name}${String(status)}Response`];
  if (!schema) {
    return "no schema has been generated";
  }
  // orval leaves out the names of fields, which errors have besides those that the document names.
  const exact = status >= 400 && schema instanceof z.ZodObject ? schema.loose() : schema;
  const result = exact.safeParse(body);
  return result.success ? null : z.prettifyError(result.error);
}

/** `fetch`, whose answers are checked on the way. */
export async function checkedFetch(request: Request): Promise<Response> {
  const answer = await fetch(request);
  const where = `${request.method} ${request.url} → ${String(answer.status)}`;
  const operation = operationOf(request.method, request.url);
  if (!operation) {
    problems.push(`${where}: not in the document`);
  } else if (!(String(answer.status) in operation.responses)) {
    problems.push(`${where}: this status is not in the document`);
  } else if (answer.headers.get("Content-Type") === "application/json") {
    const body: unknown = await answer.clone().json();
    const problem = checkedAs(operation.operationId, answer.status, body);
    if (problem !== null) {
      problems.push(`${where}: ${problem}`);
    }
    parsed.set(answer.status, (parsed.get(answer.status) ?? 0) + 1);
  }
  return answer;
}
