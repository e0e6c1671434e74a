// Loaded before mixpanel-import, whose address is fixed: connections to Mixpanel go to the bench's sink instead.
// The name asked for by TLS stays, so the certificate is checked as ever.
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';

const connect = tls.connect;
const port = Number(process.env.BENCH_SINK_PORT);

tls.connect = (options, ...rest) => {
  const host = options?.host ?? options?.hostname ?? '';
  if (!host.endsWith('.mixpanel.com'))
    throw new Error(`the bench connects to nobody but its sink, not to ${host}`);
  return connect({ ...options, host: '127.0.0.1', port, servername: host }, ...rest);
};
syncBuiltinESMExports();
