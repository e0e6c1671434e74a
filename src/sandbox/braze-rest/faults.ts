import * as z from 'zod';

const PATHS = ['/users/track', '/partners/cohorts', '/partners/cohorts/users'] as const;
/** The calls of Braze's that the sandbox serves; the partner's name is left out. */
export type BrazePath = (typeof PATHS)[number];

const count = z.int().min(1);
const when = z.enum(['before', 'after']).default('before');

const match = z.strictObject({
  path: z
    .enum([...PATHS, 'any'])
    .default('any')
    .describe('Which calls it hits.'),
  fromRequest: count.default(1).describe('First request it hits, counted by path from 1.'),
  every: count.default(1).describe('From there on, every how manieth request it hits.'),
  requests: count.optional().describe('How many requests it hits in all. Left out: no bound.'),
  durationMs: count.optional().describe('Only so long after it first hit.'),
  contains: z.string().min(1).optional().describe('Only requests whose body holds this text.'),
});
const common = { match: match.prefault({}) };

const faultRule = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.unknown().optional().describe("JSON, or a text. Left out: Braze's own shape."),
    headers: z.record(z.string(), z.string()).default({}),
    when: when.describe('Before or after it is written.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('reset'),
    when: when.describe('Cut the connection before or after it is written.'),
  }),
  z.strictObject({ ...common, kind: z.literal('stall'), when }),
  z.strictObject({ ...common, kind: z.literal('slow'), delayMs: z.int().min(0) }),
  z.strictObject({
    ...common,
    kind: z.literal('errors'),
    every: count.default(2).describe('Every how manieth object fails, from the first on.'),
    type: z.string().default('refused by a fault script'),
    indexed: z.boolean().default(true).describe('Whether the errors say which object they mean.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('echo'),
    status: z.int().min(200).max(599),
    form: z.enum(['text', 'json', 'html']).default('text'),
  }),
]);

/**
 * What goes wrong, as an ordered list of rules. For each request the first rule that matches strikes:
 * - `status`: answers `status` with `body` and `headers`; 423, 429 and 5xx in Braze's own shape;
 * - `reset`: cuts the connection, `before` or `after` it is written;
 * - `stall`: never answers;
 * - `slow`: writes, then answers after `delayMs`;
 * - `errors`: of /users/track, every `every`th object fails, with or without its index; the rest is written;
 * - `echo`: answers with all that was sent, secrets included.
 *
 * `match` narrows a rule down: `path`, `fromRequest`, `every`, `requests`, `durationMs`, `contains`. Requests count
 * from the moment the script is set.
 */
export const faultScriptSchema = z.array(faultRule);

export type FaultRule = z.output<typeof faultRule>;
/** A script as it is written, defaults left out. */
export type FaultScript = z.input<typeof faultScriptSchema>;

export interface Faults {
  /** Replaces the script. Throws ZodError when it is not valid. */
  set(script: FaultScript): void;
  clear(): void;
  /** How often each rule struck. */
  hits(): number[];
}

export interface FaultEngine extends Faults {
  /** Counts a request, and gives the rule that strikes it. */
  strike(path: BrazePath, body: string): FaultRule | undefined;
}

export function createFaults(clock: () => number): FaultEngine {
  let rules: { rule: FaultRule; hits: number; firstHit: number | undefined }[] = [];
  let arrived = new Map<string, number>();
  const arrive = (path: string): number => {
    const n = (arrived.get(path) ?? 0) + 1;
    arrived.set(path, n);
    return n;
  };

  function set(script: FaultScript): void {
    rules = faultScriptSchema.parse(script).map((rule) => ({ rule, hits: 0, firstHit: undefined }));
    arrived = new Map();
  }

  return {
    set,
    clear: () => set([]),
    hits: () => rules.map(({ hits }) => hits),
    strike(path, body) {
      const numbers: Record<string, number> = { [path]: arrive(path), any: arrive('any') };
      const struck = rules.find(({ rule: { match }, hits, firstHit }) => {
        const number = numbers[match.path];
        if (number === undefined || number < match.fromRequest) return false;
        if ((number - match.fromRequest) % match.every !== 0) return false;
        if (match.requests !== undefined && hits >= match.requests) return false;
        if (match.durationMs !== undefined && clock() - (firstHit ?? clock()) >= match.durationMs)
          return false;
        return match.contains === undefined || body.includes(match.contains);
      });
      if (!struck) return undefined;
      struck.hits++;
      struck.firstHit ??= clock();
      return struck.rule;
    },
  };
}
