/** The steps of the form, in the order in which a person thinks of them. */
export const STEPS = [
  'details',
  'credentials',
  'source',
  'events',
  'privacy',
  'preview',
  'backfill',
] as const;

export type Step = (typeof STEPS)[number];

export function isStep(text: string | undefined): text is Step {
  return STEPS.some((step) => step === text);
}

/** The step in which a setting of a connection is shown. */
export function stepOf(path: string): Step {
  if (path.startsWith('destination')) return 'credentials';
  if (path.startsWith('source')) return 'source';
  if (path.startsWith('settings.events')) return 'events';
  if (path.startsWith('settings') || path.startsWith('salt')) return 'privacy';
  if (path.startsWith('since')) return 'backfill';
  return 'details';
}
