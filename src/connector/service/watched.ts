import { SluiceError, withHint } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

/**
 * Work that is done again and again and may fail: it is logged when it begins to fail and when it works again, and
 * stands among the troubles, by what it is, in between.
 */
export function watching(
  troubles: Map<string, string>,
  log: Log,
): (what: string, work: () => Promise<void>) => () => Promise<void> {
  return (what, work) => async () => {
    try {
      await work();
      if (troubles.delete(what)) log.info(`${what}: it works again`);
    } catch (error) {
      const detail = error instanceof SluiceError ? withHint(error) : String(error);
      if (troubles.has(what)) return;
      troubles.set(what, `${what}: ${detail}`);
      if (error instanceof SluiceError) log.warn(what, { detail });
      else log.error(what, {}, error);
    }
  };
}
