import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came. */
  readonly raw: string;
  /** Unfolded and decoded, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded. */
  readonly text: string;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: Mail[];
  /** Answers instead of taking a mail, for as long as it is set: an SMTP reply code and text. */
  refuse: { code: number; text: string; at: 'auth' | 'recipient' | 'data' } | undefined;
}

/** A real SMTP server on 127.0.0.1. With `account`, it wants a sign-in; without `tls`, it offers no STARTTLS. */
export async function startMailServer(
  options: { account?: { user: string; password: string }; tls?: boolean } = {},
): Promise<MailServer> {
  const mails: Mail[] = [];
  const refusal = (at: string): Error | undefined => {
    const { refuse } = self;
    return refuse?.at === at
      ? Object.assign(new Error(refuse.text), { responseCode: refuse.code })
      : undefined;
  };
  const settings: SMTPServerOptions = {
    authOptional: !options.account,
    disabledCommands: options.tls ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      const { account } = options;
      const error = refusal('auth');
      if (error) return done(error);
      return username === account?.user && password === account?.password
        ? done(null, { user: username })
        : done(
            Object.assign(new Error(`no such account: ${username} ${password}`), {
              responseCode: 535,
            }),
          );
    },
    onRcptTo: (_address, _session, done) => done(refusal('recipient')),
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const error = refusal('data');
        if (error) return done(error);
        mails.push(mailOf(Buffer.concat(parts).toString('utf8'), envelope));
        return done();
      });
    },
  };
  const server = new SMTPServer(settings);
  // A client that breaks off is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const self: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    mails,
    refuse: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
      }),
  };
  return self;
}

function mailOf(
  raw: string,
  envelope: { mailFrom: false | { address: string }; rcptTo: { address: string }[] },
): Mail {
  const cut = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, cut)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), decoded(line.slice(colon + 1).trim())];
    }),
  );
  const body = raw.slice(cut + 4);
  const encoding = headers.get('content-transfer-encoding');
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? quotedPrintable(body.replace(/=\r\n/g, ''))
        : body;
  return {
    from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
    to: envelope.rcptTo.map(({ address }) => address),
    raw,
    headers,
    text: text.replaceAll('\r\n', '\n'),
  };
}

/** Words that a header carries encoded: `=?UTF-8?Q?…?=` and `=?UTF-8?B?…?=`. */
function decoded(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_all, how: string, text: string) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : quotedPrintable(text.replaceAll('_', ' ')),
    );
}

function quotedPrintable(text: string): string {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
