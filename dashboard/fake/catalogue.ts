import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type * as Api from '../src/api.ts';

interface CatalogueEntry {
  readonly type: string;
  readonly name: string;
  readonly channel: string;
  readonly family: string;
  readonly description: string;
  readonly mtuExempt?: boolean;
  readonly unconfirmed?: boolean;
  readonly properties: readonly {
    readonly name: string;
    readonly field: string | null;
    readonly type: string;
    readonly required?: boolean;
    readonly pii?: boolean;
    readonly const?: string;
  }[];
}

/** The event types of the repository's own catalogue, in the shape of the API. */
export function catalogue(): Api.EventDetail[] {
  const file = resolve(import.meta.dirname, '../../src/catalogue/events.json');
  const entries = JSON.parse(readFileSync(file, 'utf8')) as readonly CatalogueEntry[];
  return entries.map((entry) => {
    const properties = entry.properties.map(({ name, field, type, required, pii }) => ({
      name,
      field,
      type,
      required: required === true,
      pii: pii === true,
    }));
    const before: Record<string, Api.Json> = {};
    const after: Record<string, Api.Json> = {};
    for (const property of entry.properties) {
      const value = sampleOf(property.field ?? property.name, property.type, property.const);
      if (property.field !== null) before[property.field] = value;
      after[property.name] = value;
    }
    return {
      type: entry.type,
      event: entry.name,
      label: entry.name,
      channel: entry.channel,
      family: entry.family === 'customer-behavior' ? 'Customer Behavior' : 'Message Engagement',
      description: entry.description,
      mtuExempt: entry.mtuExempt === true,
      pii: properties.some(({ pii, name }) => pii && name !== 'distinct_id'),
      status: entry.unconfirmed === true ? 'unconfirmed' : 'documented',
      properties,
      sample: { before, after: { event: entry.name, properties: after } },
    };
  });
}

const SAMPLES: Readonly<Record<string, Api.Json>> = {
  id: '6f1c2a9e-3d7b-4e21-9a55-0c1d2e3f4a5b',
  external_user_id: 'user-48213',
  user_id: '64b7e0c1f2a3d4e5f6a7b8c9',
  time: 1_764_000_000,
  email_address: 'ana.souza@example.com',
  campaign_name: 'Winter sale: 20 % off',
  canvas_name: 'Onboarding',
  url: 'https://shop.example.com/winter?ref=mail',
  token: '1a2b3c4d5e6f',
  platform: 'ios',
};

function sampleOf(field: string, type: string, constant?: string): Api.Json {
  if (constant !== undefined) return constant;
  const known = SAMPLES[field];
  if (known !== undefined) return known;
  if (type === 'boolean') return true;
  if (type === 'array<string>') return ['a', 'b'];
  return type === 'string' ? field.replaceAll('_', '-') : 42;
}
