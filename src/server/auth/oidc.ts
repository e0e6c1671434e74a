import type { Configuration } from 'openid-client';
import { type Role, ROLES } from '../../core/access.ts';
import type { OidcSettings } from '../../connector.ts';

/** Random values of one sign-in, kept by the browser until it comes back. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}

/** Who the provider says it is. */
export interface Person {
  /** Issuer and subject, which never change; names do, and may be chosen. */
  readonly subject: string;
  readonly name: string;
  /** Undefined: the provider gives none that lets them in. */
  readonly role: Role | undefined;
}

export interface OidcClient {
  /** The URL at the provider to send the browser to. */
  start(redirectUri: string): Promise<{ readonly url: string; readonly flow: Flow }>;
  /** `answer`: the URL the browser came back to. Throws when anything about it is not as it should be. */
  finish(answer: URL, flow: Flow): Promise<Person>;
}

const TIMEOUT_SECONDS = 10;

export function createOidcClient(settings: OidcSettings): OidcClient {
  let found: Promise<Configuration> | undefined;
  const configuration = (): Promise<Configuration> => {
    found ??= discover(settings).catch((error: unknown) => {
      // The next sign-in asks again.
      found = undefined;
      throw error;
    });
    return found;
  };
  return {
    async start(redirectUri) {
      const oidc = await import('openid-client');
      const flow = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, flow };
    },
    async finish(answer, { state, nonce, verifier }) {
      const { authorizationCodeGrant } = await import('openid-client');
      const tokens = await authorizationCodeGrant(await configuration(), answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims()!;
      return {
        subject: `${claims.iss} ${claims.sub}`,
        name: nameOf(claims),
        role: roleOf(claims, settings),
      };
    },
  };
}

async function discover(settings: OidcSettings): Promise<Configuration> {
  const oidc = await import('openid-client');
  const { issuer, clientId, clientSecret, allowHttp } = settings;
  const { allowInsecureRequests } = oidc;
  const discovered = await oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, {
    timeout: TIMEOUT_SECONDS,
    execute: allowHttp ? [allowInsecureRequests] : [],
  });
  const provider = discovered.serverMetadata();
  // OpenID Connect Discovery 1.0: the default, when nothing is said, is client_secret_basic.
  const takesPost = provider.token_endpoint_auth_methods_supported?.includes('client_secret_post');
  const auth = takesPost ? oidc.ClientSecretPost : oidc.ClientSecretBasic;
  const config = new oidc.Configuration(provider, clientId, clientSecret, auth(clientSecret));
  config.timeout = TIMEOUT_SECONDS;
  if (allowHttp) allowInsecureRequests(config);
  // The signature of the ID token too, and not only the connection it came by.
  oidc.enableNonRepudiationChecks(config);
  return config;
}

type Claims = Readonly<Record<string, unknown>>;

/** What people know somebody by, in the letters that names here may have. */
function nameOf(claims: Claims): string {
  const email = claims['email_verified'] === false ? undefined : claims['email'];
  const names = [email, claims['preferred_username'], claims['sub']];
  const name = names.find((each): each is string => typeof each === 'string' && each !== '')!;
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9._@+-]+/g, '-')
    .slice(0, 100);
}

/** The strongest role that the claim gives; else the default. */
export function roleOf(
  claims: Claims,
  { rolesClaim, roles, defaultRole }: Pick<OidcSettings, 'rolesClaim' | 'roles' | 'defaultRole'>,
): Role | undefined {
  const given = new Set(rolesClaim === undefined ? [] : [claimAt(claims, rolesClaim)].flat());
  return (
    ROLES.toReversed().find((role) => roles[role].some((value) => given.has(value))) ?? defaultRole
  );
}

/** A claim by its own name, which may be a URL with dots, else by the way through nested ones. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Claims)[key]
          : undefined,
      claims,
    );
}
