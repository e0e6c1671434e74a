import { z } from 'zod';
import type { Source } from '../core/source.ts';
import type { Inbox } from '../core/inbox.ts';
import { azureSource } from '../sources/azure.ts';
import { directorySource } from '../sources/directory.ts';
import { gcsSource } from '../sources/gcs.ts';
import { inboxSource } from '../sources/inbox.ts';
import { s3Source } from '../sources/s3.ts';

/** What a source is declared with. Its settings are a plain object, so that `kind` can stand among them. */
interface SourceDeclaration {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly settings: z.ZodObject;
  readonly example: unknown;
}

/** Every kind of source, by its name. */
export const SOURCES = {
  directory: directorySource,
  s3: s3Source,
  gcs: gcsSource,
  azure: azureSource,
  inbox: inboxSource,
} satisfies Readonly<Record<string, SourceDeclaration>>;

type Sources = typeof SOURCES;
export type SourceKind = keyof Sources;

/** `kind` and that source's settings, checked and completed. */
export type SourceSpec = {
  [Kind in SourceKind]: { readonly kind: Kind } & z.output<Sources[Kind]['settings']>;
}[SourceKind];

/** As a person writes it. */
type SourceInput = {
  [Kind in SourceKind]: { readonly kind: Kind } & z.input<Sources[Kind]['settings']>;
}[SourceKind];

const kinds = Object.keys(SOURCES);

export const sourceSpec = z
  .discriminatedUnion('kind', optionsOf(Object.values(SOURCES)), {
    error: ({ code }) =>
      code === 'invalid_union' ? `kind must be one of ${kinds.join(', ')}` : undefined,
  })
  .describe('Where Currents data comes from') as unknown as z.ZodType<SourceSpec, SourceInput>;

function optionsOf(
  declarations: readonly SourceDeclaration[],
): [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]] {
  const [first, ...others] = declarations.map(({ name, summary, settings }) =>
    settings.safeExtend({ kind: z.literal(name).describe(summary) }).describe(summary),
  );
  return [first!, ...others];
}

/** Opens the source of a connection. */
export function openSource(connection: string, spec: SourceSpec, inbox: Inbox): Source {
  return spec.kind === 'inbox' ? inboxSource.open(spec, { inbox, connection }) : openStore(spec);
}

/** Opens a source that stands on its own, as all but the inbox do. */
export function openStore({
  kind,
  ...settings
}: Exclude<SourceSpec, { readonly kind: 'inbox' }>): Source {
  // The compiler can't see that the settings are those of this very kind; the schema has seen to it.
  const source: { open(settings: unknown): Source } = SOURCES[kind];
  return source.open(settings);
}

/** What a connection has settled and still has, for replays; undefined where that stays in the source itself. */
export function openSettled(
  connection: string,
  spec: SourceSpec,
  inbox: Inbox,
): Source | undefined {
  if (spec.kind !== 'inbox') return undefined;
  return inboxSource.open(spec, { inbox, connection, settled: true });
}
