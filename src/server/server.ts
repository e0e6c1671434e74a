import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Bounds on what clients may hold of the server, in milliseconds and connections. */
export interface ServerLimits {
  /** A client has this long to send its headers, counted from the start of the connection or of the request. */
  readonly headersMs: number;
  /** … and this long to send a whole request. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often the two bounds above are looked at. */
  readonly checkMs: number;
  /** Further ones are closed at once. */
  readonly connections: number;
  /** When the server closes, requests under way have this long to end. */
  readonly closeMs: number;
}

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Addresses or networks of proxies whose X-Forwarded headers are believed. */
  readonly proxies?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  /** Adds the routes. */
  readonly register: (app: FastifyInstance) => void | Promise<void>;
  /** Told of faults of ours that ended a request. */
  readonly onFault?: (error: Error) => void;
}

export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  /** Takes no more requests and lets those under way end, within a bound. */
  close(): Promise<void>;
}

const LIMITS: ServerLimits = {
  headersMs: 10_000,
  requestMs: 60_000,
  // Longer than the idle timeout of common load balancers, which would else send into a connection that is closing.
  keepAliveMs: 75_000,
  checkMs: 2_000,
  connections: 4_000,
  closeMs: 5_000,
};

/** Starts an HTTP server that slow, greedy or dead clients can't hold. Rejects when it can't listen. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const limits = { ...LIMITS, ...options.limits };
  const { fastify } = await import('fastify');
  const app: FastifyInstance = fastify({
    http: { headersTimeout: limits.headersMs, connectionsCheckingInterval: limits.checkMs },
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    trustProxy: options.proxies?.length ? [...options.proxies] : false,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: endConnection,
    // Braze drops events on 400, but waits for its owner on 404: a path that makes no sense is not found.
    frameworkErrors: (_error, _request, reply) => {
      notFound(reply);
    },
  });
  app.server.maxConnections = limits.connections;
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  app.setErrorHandler<Error & { statusCode?: number; code?: string }>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply.code(status).send(errorBody(error.code ?? 'refused', error.message));
    options.onFault?.(error);
    return reply.code(status).send(errorBody('fault', 'Something went wrong in Sluice'));
  });
  await options.register(app);
  const address = await app.listen({ host: options.host, port: options.port });

  return {
    url: address,
    async close() {
      const late = setTimeout(() => app.server.closeAllConnections(), limits.closeMs);
      try {
        await app.close();
      } finally {
        clearTimeout(late);
      }
    },
  };
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Ends the connection of a request that can't be read. What is no HTTP gets no answer: 400 would make Braze drop events. */
function endConnection({ code }: Error & { code: string }, socket: Socket): void {
  const status = CLIENT_ERRORS[code];
  if (status !== undefined && socket.writable)
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

function notFound(reply: FastifyReply): void {
  void reply.code(404).send(errorBody('not_found', 'There is nothing here'));
}

/** Every answer that is no success has this shape. */
export function errorBody(
  code: string,
  message: string,
): { error: { code: string; message: string } } {
  return { error: { code, message } };
}
