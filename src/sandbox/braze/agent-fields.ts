import { between, chosen, constant, type Maker, maybe, once, oneOf, uuid } from './moment.ts';

/** Runs of Braze's AI agents and of their tools. */
export const AGENT_FIELDS: Readonly<Record<string, Maker>> = {
  invocation_id: once('invocation_id', uuid),
  request_id: once('request_id', uuid),
  provider_request_id: maybe(0.9, (_, random) => `req_${random.hex(24)}`),
  agent_id: ({ journey }, random) => chosen('agent', journey.workspace.agents, journey, random).id,
  agent_name: ({ journey }, random) =>
    chosen('agent', journey.workspace.agents, journey, random).name,
  model_provider: constant('braze'),
  model_name: oneOf('auto', 'auto-mini'),
  duration: between(120, 20_000),
  prompt_tokens: once('prompt_tokens', between(200, 6000)),
  completion_tokens: once('completion_tokens', between(20, 900)),
  total_tokens: ({ journey }) =>
    Number(journey.kept.get('prompt_tokens')) + Number(journey.kept.get('completion_tokens')),
  cache_tokens: between(0, 2000),
  reasoning_tokens: between(0, 500),
  cache_hit: (_, random) => random.chance(0.3),
  llm_owned_by_customer: constant(false),
  is_error: once('is_error', (_, random) => random.chance(0.02)),
  input: maybe(0.9, ({ journey }) => JSON.stringify({ message: journey.user.phrase })),
  output: maybe(0.9, ({ journey }) => `→ "${journey.user.phrase}"\n`),
  invocation_source: oneOf('canvas', 'catalog', 'preview'),
  tool_call_id: (_, random) => `call_${random.hex(24)}`,
  tool_name: oneOf('get_catalog_items', 'get_user_profile'),
  tool_arguments: (_, random) =>
    JSON.stringify({ limit: random.between(1, 20), query: 'größe 42' }),
};
