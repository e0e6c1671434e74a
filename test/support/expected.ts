import avro from 'avsc';
import { findEvent } from '../../src/catalogue/catalogue.ts';

/** The fields of a record that decide what becomes of it. */
export interface SourceRecord {
  readonly id?: unknown;
  readonly external_user_id?: string | null;
  readonly name?: string;
}

/** Every record of a container file, by the reference library. */
export function recordsOf(file: string): Promise<{ type: string; records: SourceRecord[] }> {
  return new Promise((resolve, reject) => {
    const records: SourceRecord[] = [];
    let type = '';
    const decoder = avro.createFileDecoder(file);
    decoder.on(
      'metadata',
      (_type: unknown, _codec: unknown, header: { meta: Record<string, Buffer> }) => {
        const schema = JSON.parse(header.meta['avro.schema']!.toString()) as {
          name: string;
          namespace: string;
        };
        type = `${schema.namespace.replace(/^.*?\binner\./, '')}.${schema.name}`;
      },
    );
    decoder.on('data', (record: SourceRecord) => records.push(record));
    decoder.on('error', reject);
    decoder.on('end', () => resolve({ type, records }));
  });
}

/** What records have to come to, counted apart from all of Sluice's own reading and mapping. */
export class Expected {
  records = 0;
  delivered = 0;
  readonly byName: Record<string, number> = {};
  /** Of the records that are to be delivered. */
  readonly ids = new Set<string>();

  count({ type, records }: { type: string; records: readonly SourceRecord[] }): void {
    this.records += records.length;
    const known = findEvent(type);
    if (!known) return;
    for (const record of records) {
      if (!record.external_user_id) continue;
      const name = known.nameFrom === undefined ? known.name : `${known.name} ${record.name}`;
      this.delivered++;
      this.ids.add(String(record.id));
      this.byName[name] = (this.byName[name] ?? 0) + 1;
    }
  }
}
