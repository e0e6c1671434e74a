/** Writes the golden files anew: `node test/golden/write.ts`. Read the difference before committing it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { allEvents } from '../../src/catalogue/catalogue.ts';
import { mapRecord } from '../../src/mapping/mapper.ts';
import { createMapping } from '../../src/mapping/mapping.ts';
import { parseMappingSettings } from '../../src/mapping/settings.ts';
import { goldenPath, recordOf } from './cases.ts';

const mapping = createMapping(parseMappingSettings({}), { token: '<token>' });
mkdirSync(new URL('.', goldenPath('x')), { recursive: true });
for (const event of allEvents()) {
  const record = recordOf(event);
  const outcome = mapRecord(
    mapping.pushed(event.type, Object.keys(record)),
    record,
    mapping.context,
  );
  if (outcome.kind !== 'event') throw new Error(`${event.type}: ${JSON.stringify(outcome)}`);
  const golden = { type: event.type, record, event: JSON.parse(outcome.json) as unknown };
  writeFileSync(goldenPath(event.type), `${JSON.stringify(golden, null, 2)}\n`);
}
