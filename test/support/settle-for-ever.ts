/** Settles record after record of one slice until it is killed: `node settle-for-ever.ts DATA_DIR`. */
import { openState } from '../../src/state/state.ts';

const [, , dataDir] = process.argv;
const state = openState(dataDir!);
const slice = { id: 'a.avro', version: 'v1', format: 'avro' } as const;
const claim = await state.ledger.claim('c', Date.now());
process.stdout.write('ready\n');
let { record } = (await state.ledger.progress('c', slice))?.position ?? { record: 0 };
for (;;) {
  record += 3;
  const type = {
    read: 3,
    delivered: 1,
    skipped: { no_external_user_id: 1 },
    deadLetters: 1,
    adjusted: {},
    newFields: {},
  };
  await state.ledger.settle(claim, {
    advances: [
      {
        slice,
        position: { offset: record * 10, index: 0, record },
        done: false,
        counts: new Map([['t', type]]),
      },
    ],
    deadLetters: [
      {
        slice: 'a.avro',
        version: 'v1',
        record: record - 1,
        eventType: 't',
        cause: 'c',
        detail: 'd',
        kind: 'event',
        payload: Buffer.alloc(2000),
      },
    ],
    requests: 1,
    bytesSent: 1,
    at: Date.now(),
  });
}
