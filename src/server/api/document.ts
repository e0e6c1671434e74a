import { STATUS_CODES } from 'node:http';
import { specSchemas } from '../../connector.ts';
import { z } from 'zod';
import answers from './answers.json' with { type: 'json' };
import type { Documented } from './operation.ts';
import { problemSchema } from './shapes.ts';

/** What is needed of an OpenAPI document, to complete it. */
export interface OpenApi {
  paths: Record<string, Record<string, OpenApiOperation>>;
  components?: { schemas?: Record<string, unknown> };
}

interface OpenApiOperation {
  parameters?: { name: string; in: string; example?: unknown }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
  responses: Record<string, { description?: string; content?: Record<string, Media> }>;
}

interface Media {
  schema?: unknown;
  example?: unknown;
}

/** What stands where nobody has said what an answer is. */
const NO_WORDS = 'Default Response';

/** An operation as it was added; `url` has `:name` in it. */
export interface Added extends Documented {
  readonly method: string;
  readonly url: string;
}

/** Completes a document: examples of every request and answer, the common errors, and the settings as components. */
export function completed(document: OpenApi, operations: readonly Added[]): OpenApi {
  const recorded: Readonly<Record<string, unknown>> = answers;
  for (const { id, method, url, media, example } of operations) {
    const path = url.replaceAll(/:(\w+)/g, '{$1}');
    const operation = document.paths[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`${id} is missing in the OpenAPI document`);
    for (const parameter of operation.parameters ?? []) {
      const value =
        parameter.in === 'path'
          ? example.params?.[parameter.name]
          : parameter.in === 'header'
            ? example.headers?.[parameter.name]
            : example.query?.[parameter.name];
      if (value !== undefined) parameter.example = value;
    }
    if (example.body !== undefined)
      for (const body of Object.values(operation.requestBody?.content ?? {}))
        body.example = example.body;
    const answer = operation.responses[String(example.status)];
    const content = answer?.content?.[media];
    if (content && id in recorded) content.example = recorded[id];
    for (const [status, each] of Object.entries(operation.responses))
      if (each.description === NO_WORDS) each.description = STATUS_CODES[status] ?? '';
    operation.responses['default'] = {
      description: 'What went wrong',
      content: { 'application/problem+json': { schema: ref('Problem') } },
    };
  }
  const schemas = { ...specSchemas(), Problem: z.toJSONSchema(problemSchema) };
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      ...Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => {
          const { $schema: _dialect, ...rest } = schema as Record<string, unknown>;
          return [name, rest];
        }),
      ),
    },
  };
  return withReferences(document) as OpenApi;
}

function ref(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** Puts a reference wherever a schema says that it is one of the components. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== 'object' || value === null) return value;
  const name = (value as Record<string, unknown>)['x-schema'];
  if (typeof name === 'string') {
    const { description } = value as { description?: string };
    return description === undefined ? ref(name) : { description, ...ref(name) };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withReferences(each)]),
  );
}
