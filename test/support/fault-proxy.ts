import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as ask,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passing {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** What becomes of a request: an answer in the server's stead, a body of which only so many bytes come, or nothing odd. */
export type Fault =
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  /** The connection is cut behind these bytes of the body. */
  | { readonly dropAfter: number }
  /** Nothing more comes behind these bytes. */
  | { readonly stallAfter: number }
  /** The answer says that it has no more than these bytes. */
  | { readonly shorten: number }
  | undefined;

export interface FaultProxy {
  readonly url: string;
  /** In order; what passed since the proxy was started. */
  readonly passed: Passing[];
  close(): Promise<void>;
}

/** Stands between a client and a server, and does to each request what `decide` says. */
export async function faultProxy(
  target: string,
  decide: (passing: Passing) => Fault,
): Promise<FaultProxy> {
  const passed: Passing[] = [];
  const { hostname, port } = new URL(target);
  const server = createServer((request, response) => {
    const passing: Passing = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', target),
      headers: request.headers,
    };
    passed.push(passing);
    const fault = decide(passing);
    if (fault && 'status' in fault) {
      response.writeHead(fault.status, { connection: 'close', ...fault.headers });
      response.end(fault.body);
      return;
    }
    const onward = ask(
      {
        hostname,
        port,
        method: passing.method,
        path: request.url ?? '',
        headers: request.headers,
        agent: false,
      },
      (answer) => void relay(answer, response, fault),
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
): Promise<void> {
  answer.on('error', () => response.destroy());
  const headers = { ...answer.headers };
  if (!fault || 'status' in fault) {
    response.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(response);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  if ('shorten' in fault) {
    const part = body.subarray(0, fault.shorten);
    response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': part.length });
    response.end(part);
    return;
  }
  response.writeHead(answer.statusCode ?? 502, headers);
  const bytes = 'dropAfter' in fault ? fault.dropAfter : fault.stallAfter;
  response.write(body.subarray(0, bytes), () => {
    if ('dropAfter' in fault) response.socket?.end();
  });
  if (bytes === 0) response.flushHeaders();
}
