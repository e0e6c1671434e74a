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
export async function unknowns({ state, service }: ManagedParts): Promise<Unknowns> {
  const settings = new Map(service.specs().map(({ spec }) => [spec.name, spec.settings]));
  const lines = await state.books.unknown();
  return {
    types: lines.flatMap(({ connection, type, field, n }) =>
      field === null
        ? [
            {
              ...{ type, connection, read: n },
              included: settings.get(connection)?.uncatalogued === 'send',
            },
          ]
        : [],
    ),
    fields: lines.flatMap(({ connection, type, field, n }) => {
      if (field === null) return [];
      const chosen = settings.get(connection);
      const included = chosen?.newFields === 'send' || chosen?.shape === 'full';
      return [{ type, field, connection, n, included }];
    }),
  };
}
