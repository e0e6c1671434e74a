/**
 * The Currents type of a file: from the writer schema's namespace and name (`dataexport.<cluster>.inner.users.messages.email`
 * and `Click` make `users.messages.email.Click`), else from `event_type=…` in the slice's id.
 */
export function eventTypeOf(schema: unknown, sliceId: string): string | undefined {
  if (typeof schema === 'object' && schema !== null) {
    const { name, namespace } = schema as { name?: unknown; namespace?: unknown };
    if (typeof name === 'string') {
      const full =
        name.includes('.') || typeof namespace !== 'string' ? name : `${namespace}.${name}`;
      const found = /^dataexport\..*?\binner\.(.+\..+)$/.exec(full);
      if (found) return found[1];
    }
  }
  return /(?:^|\/)event_type=([^/]+)/.exec(sliceId)?.[1];
}
