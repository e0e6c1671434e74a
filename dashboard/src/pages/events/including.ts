import type { JsonObject } from '../../api.ts';
import { matcherOf } from '../form/selection.ts';
import { getIn, setIn } from '../form/spec.ts';

export interface Wanted {
  readonly connection: string;
  readonly type: string;
  /** Left out: the type as a whole. */
  readonly field?: string;
}

/** The settings of a connection with an unknown type, or its unknown fields, included. */
export function including(spec: JsonObject, { type, field }: Wanted): JsonObject {
  if (field !== undefined) return setIn(spec, ['settings', 'newFields'], 'send');
  const events = getIn(spec, ['settings', 'events']);
  const patterns = Array.isArray(events) ? events.map(String) : ['*'];
  const wider = matcherOf(patterns)(type) ? patterns : [...patterns, type];
  return setIn(setIn(spec, ['settings', 'uncatalogued'], 'send'), ['settings', 'events'], wider);
}
