import { selectEvents } from '../../catalogue/catalogue.ts';
import { mappingSettings, type MappingSettings } from '../../mapping/settings.ts';
import type { ManagedParts } from './parts.ts';

export interface Unknowns {
  readonly types: readonly {
    readonly type: string;
    readonly connection: string;
    readonly read: number;
    /** The settings send it from now on. */
    readonly included: boolean;
  }[];
  readonly fields: readonly {
    readonly type: string;
    readonly field: string;
    readonly connection: string;
    readonly n: number;
    readonly included: boolean;
  }[];
}

/** What Braze sends and the catalogue does not know, as far as it was not sent on. */
export async function unknowns({ state }: ManagedParts): Promise<Unknowns> {
  const lines = await state.books.unknown();
  // As they are stored, not as they run: whoever has just included something is to see that it is.
  const settings = new Map<string, MappingSettings | undefined>();
  for (const name of new Set(lines.map(({ connection }) => connection))) {
    const found = (await state.connections.get(name))?.spec as { settings?: unknown } | undefined;
    settings.set(name, mappingSettings.safeParse(found?.settings).data);
  }
  return {
    types: lines.flatMap(({ connection, type, field, n }) => {
      if (field !== null) return [];
      const chosen = settings.get(connection);
      const included = chosen?.uncatalogued === 'send' && selectEvents(chosen.events)(type);
      return [{ type, connection, read: n, included }];
    }),
    fields: lines.flatMap(({ connection, type, field, n }) => {
      if (field === null) return [];
      const chosen = settings.get(connection);
      const included = chosen?.newFields === 'send' || chosen?.shape === 'full';
      return [{ type, field, connection, n, included }];
    }),
  };
}
