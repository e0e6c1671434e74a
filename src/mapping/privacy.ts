import { hash } from 'node:crypto';
import { isPii } from '../catalogue/catalogue.ts';
import { type MappingSettings, ownValue, type Treatment } from './settings.ts';

/** What Braze's own field transformation leaves in place of a removed value. */
export const REDACTED = '[REDACTED]';

/** How the values of a source field are treated; the same in every event that carries it. */
export function treatmentOf(settings: MappingSettings, field: string): Treatment {
  const { fields, identity, pii } = settings.privacy;
  const own = ownValue(fields, field);
  if (own) return own;
  if (field === 'external_user_id' || field === 'user_id') return identity;
  return isPii(field) ? pii : 'keep';
}

/** How one key of a `properties` bag is treated: by `properties.<key>`, else as `properties` is. */
export function dynamicTreatment(settings: MappingSettings, field: string, key: string): Treatment {
  return ownValue(settings.privacy.fields, `${field}.${key}`) ?? treatmentOf(settings, field);
}

/** Lower-case hex SHA-256 of salt and text, both as UTF-8. */
export function hashText(salt: string, text: string): string {
  return hash('sha256', salt + text, 'hex');
}
