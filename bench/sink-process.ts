import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startHelper } from './measure.ts';
import type { SinkMessage, SinkOrder, SinkReport } from './sink.ts';

/** The sink as the bench sees it. */
export interface SinkProcess {
  readonly port: number;
  /** File of the certificate, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string;
  reset(verify: boolean): Promise<void>;
  report(): Promise<SinkReport>;
  close(): void;
}

/** Starts the sink with a certificate made on the spot, good for the loopback address and for Mixpanel's names. */
export async function startSink(tempDir: string, core: number | undefined): Promise<SinkProcess> {
  const key = join(tempDir, 'key.pem');
  const certificate = join(tempDir, 'certificate.pem');
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.mixpanel.com';
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-days', '2', '-subj', '/CN=sluice-bench', '-addext', names];
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, ...about, '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  );

  const child = startHelper([join(import.meta.dirname, 'sink.ts'), key, certificate], core);
  const answer = async (): Promise<SinkMessage> => {
    const [message] = (await once(child, 'message')) as [SinkMessage];
    return message;
  };
  const ask = async (order: SinkOrder): Promise<SinkReport> => {
    const answered = answer();
    child.send(order);
    const message = await answered;
    if (!('report' in message)) throw new Error('the sink answered out of turn');
    return message.report;
  };
  const ready = await answer();
  if (!('port' in ready)) throw new Error('the sink did not start');
  return {
    port: ready.port,
    certificate,
    async reset(verify) {
      await ask({ order: 'reset', verify });
    },
    report: () => ask({ order: 'report' }),
    close: () => void child.kill(),
  };
}
