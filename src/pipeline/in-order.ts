/**
 * Works on up to `concurrency` items at once and yields the results in the order of the items. The next item is taken
 * only when a place is free, so that no more than `concurrency` are ever held, and a result never waits for an item
 * that has not come yet. A failure surfaces in its turn, also one of the items: what came before it is yielded first.
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = items[Symbol.asyncIterator]();
  const underway: Promise<R>[] = [];
  let pull: Promise<Pulled<T>> | undefined;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;

  const take = (next: Pulled<T>): void => {
    pull = undefined;
    if ('error' in next) failure = next;
    if ('error' in next || next.done) {
      ended = true;
      return;
    }
    const result = work(next.value);
    // Whoever leaves early never looks at the rest; an unseen rejection would end the process.
    result.catch(() => undefined);
    underway.push(result);
  };

  try {
    for (;;) {
      if (!ended && !pull && underway.length < concurrency) {
        pull = iterator.next().catch((error: unknown) => ({ error }));
      }
      const [first] = underway;
      if (!first) {
        if (pull) take(await pull);
        else if (failure) throw failure.error;
        else return;
      } else if (pull) {
        const next = await Promise.race([pull, first.then(nothing, nothing)]);
        if (next === undefined) yield await underway.shift()!;
        else take(next);
      } else yield await underway.shift()!;
    }
  } finally {
    await iterator.return?.();
    await Promise.allSettled(underway);
  }
}

/** The next item, or why there is none. */
type Pulled<T> = IteratorResult<T> | { readonly error: unknown };

function nothing(): undefined {
  return undefined;
}
