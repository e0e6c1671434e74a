import { identification } from '../../cohorts/identity.ts';
import { digestOfImportKey } from '../../cohorts/import-key.ts';
import type { CohortImports, Identification } from '../../core/cohorts.ts';
import { cohortImportSpec } from './spec.ts';

/** What the door of the webhook asks of the imports. Throws StateError. */
export interface ReceivingImports {
  has(name: string): Promise<boolean>;
  /** The import that a key lets into now, and notes the use. */
  ownerOf(key: string, at: number): Promise<string | undefined>;
  /** Undefined when there is none of this name, or its stored settings are not valid. */
  identificationOf(name: string): Promise<Identification | undefined>;
}

export function receivingImports(imports: Pick<CohortImports, 'get' | 'useKey'>): ReceivingImports {
  return {
    has: async (name) => (await imports.get(name)) !== undefined,
    ownerOf: (key, at) => imports.useKey(digestOfImportKey(key), at),
    async identificationOf(name) {
      const stored = await imports.get(name);
      const spec = stored && cohortImportSpec.safeParse(stored.spec).data;
      return spec && identification(spec.identity);
    },
  };
}
