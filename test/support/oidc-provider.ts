import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Grant {
  readonly redirectUri: string;
  readonly nonce: string;
  readonly challenge: string;
}

/** A provider of OpenID Connect whose people are always signed in; `faults` makes it misbehave. */
export interface OidcProvider {
  readonly issuer: string;
  /** Who it says has signed in, in the ID token. */
  claims: Record<string, unknown>;
  faults: {
    /** Changes the ID token before it is signed. */
    token?: (claims: Record<string, unknown>) => Record<string, unknown>;
    /** Signs by a key that it does not publish. */
    foreignKey?: boolean;
    /** Answers 500 to everything. */
    down?: boolean;
  };
  /** Requests to the token endpoint that it refused, with why. */
  readonly refused: string[];
  close(): Promise<void>;
}

export const CLIENT = { id: 'sluice', secret: 'a-secret-of-the-client' } as const;

export async function startOidcProvider(): Promise<OidcProvider> {
  const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [own, foreign] = [pair(), pair()];
  const grants = new Map<string, Grant>();
  const refused: string[] = [];

  const sign = (claims: Record<string, unknown>): string => {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`;
    const key = provider.faults.foreignKey ? foreign : own;
    return `${body}.${createSign('RSA-SHA256').update(body).sign(key.privateKey, 'base64url')}`;
  };

  const authorize = (url: URL, response: ServerResponse): void => {
    const ask = url.searchParams;
    const code = randomBytes(16).toString('hex');
    grants.set(code, {
      redirectUri: ask.get('redirect_uri')!,
      nonce: ask.get('nonce')!,
      challenge: ask.get('code_challenge_method') === 'S256' ? ask.get('code_challenge')! : '',
    });
    const back = new URL(ask.get('redirect_uri')!);
    back.searchParams.set('code', code);
    back.searchParams.set('state', ask.get('state')!);
    response.writeHead(302, { location: back.href }).end();
  };

  const token = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const ask = new URLSearchParams(await text(request));
    const grant = grants.get(ask.get('code') ?? '');
    grants.delete(ask.get('code') ?? '');
    const basic = request.headers.authorization?.replace(/^Basic /, '') ?? '';
    // RFC 6749, 2.3.1: both are form-urlencoded before they are joined.
    const client = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
    const verified = createHash('sha256')
      .update(ask.get('code_verifier') ?? '')
      .digest('base64url');
    const why =
      client.join(':') !== `${CLIENT.id}:${CLIENT.secret}`
        ? 'invalid_client'
        : grant?.redirectUri !== ask.get('redirect_uri') || grant?.challenge !== verified
          ? 'invalid_grant'
          : undefined;
    if (why !== undefined || !grant) {
      refused.push(why ?? 'invalid_grant');
      return [400, { error: why ?? 'invalid_grant' }];
    }
    const seconds = Math.floor(Date.now() / 1000);
    const claims = {
      ...{ iss: provider.issuer, aud: CLIENT.id, iat: seconds, exp: seconds + 60 },
      ...{ nonce: grant.nonce, ...provider.claims },
    };
    const idToken = sign(provider.faults.token?.(claims) ?? claims);
    return [200, { access_token: 'unused', token_type: 'Bearer', id_token: idToken }];
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, provider.issuer);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (provider.faults.down) return json(500, {});
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(200, {
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/authorize`,
          token_endpoint: `${provider.issuer}/token`,
          jwks_uri: `${provider.issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      case '/keys': {
        const jwk = own.publicKey.export({ format: 'jwk' });
        return json(200, { keys: [{ ...jwk, kid: 'one', use: 'sig', alg: 'RS256' }] });
      }
      case '/authorize':
        return authorize(url, response);
      case '/token':
        return json(...(await token(request)));
      default:
        return json(404, {});
    }
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const provider: OidcProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    claims: { sub: 'maria-1', email: 'maria@example.com' },
    faults: {},
    refused,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return provider;
}
