import { UsageError } from '../core/errors.ts';
import { type MixpanelInput, type MixpanelSettings, mixpanelSink } from '../sinks/mixpanel.ts';

/** The settings of the destination, checked and completed. Throws UsageError. */
export function parseDestination(input: MixpanelInput): MixpanelSettings {
  const parsed = mixpanelSink.settings.safeParse(input);
  if (parsed.success) return parsed.data;
  const words = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UsageError(
    'bad_destination',
    `The settings for Mixpanel are wrong: ${words.join('; ')}`,
  );
}
