/**
 * The Currents type of a file: from the writer schema's namespace and name (`dataexport.<cluster>.inner.users.messages.email`
 * and `Click` make `users.messages.email.Click`), else from `event_type=…` in the slice's id. A name of one part
 * (`users_campaigns_abort`) says less than a path.
 */
export function eventTypeOf(schema: unknown, sliceId: string): string | undefined {
  const fromSchema = typeInSchema(schema);
  if (fromSchema?.includes('.')) return fromSchema;
  return /(?:^|\/)event_type=([^/]+)/.exec(sliceId)?.[1] ?? fromSchema;
}

function typeInSchema(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { name, namespace } = schema as { name?: unknown; namespace?: unknown };
  if (typeof name !== 'string') return undefined;
  const full = name.includes('.') || typeof namespace !== 'string' ? name : `${namespace}.${name}`;
  return /^dataexport\..*?\binner\.(.+)$/s.exec(full)?.[1];
}
