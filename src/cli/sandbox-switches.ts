import * as z from 'zod';
import { UsageError } from '../core/errors.ts';
import { type Switches, switchesSchema } from '../sandbox/mixpanel/switches.ts';

const HELP_LINES = Object.entries(switchesSchema.shape).map(([name, values]) => {
  const choices = values.unwrap().options.join(', ');
  return `  ${name}=${choices}\n    ${values.description}`;
});

/** Made from the switches themselves, so that it can't fall behind them. */
export const SWITCHES_HELP = `
Switches, where Mixpanel's documents are unclear (the first value is the default):
${HELP_LINES.join('\n')}`;

/** The switches that texts such as `bodyLimit=2mib` set. Throws UsageError `bad_switch`. */
export function switchesOf(texts: readonly string[]): Switches {
  const given = texts.map((text) => {
    const equals = text.indexOf('=');
    return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
  });
  const parsed = switchesSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  throw new UsageError('bad_switch', `can't set the switches: ${z.prettifyError(parsed.error)}`, {
    hint: 'For example --switch bodyLimit=2mib; sluice sandbox mixpanel --help lists them all.',
  });
}
