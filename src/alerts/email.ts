import { z } from 'zod';
import { SluiceError } from '../core/errors.ts';
import type { Notifier } from './notifier.ts';
import { oneLine } from './words.ts';

/** How to reach the mail server. */
export const emailSettings = z
  .strictObject({
    host: z.string().min(1).describe('Name or address of the SMTP server'),
    port: z.number().int().min(1).max(65_535).default(587).describe('Its port'),
    secure: z
      .boolean()
      .default(false)
      .describe('TLS from the first byte, as on port 465; otherwise by STARTTLS'),
    allowPlain: z
      .boolean()
      .default(false)
      .describe(
        'Also send without TLS, where the server offers none; a password is then readable on the way',
      ),
    user: z.string().min(1).optional().describe('User name, when the server wants one'),
    password: z.string().min(1).optional().meta({ secret: true }).describe('Password of that user'),
    from: z
      .string()
      .regex(/^[^\p{Cc}]+@[^\p{Cc}]+$/u, 'must be a mail address')
      .describe('Sender, for example Sluice <sluice@example.com>'),
    timeoutMs: z.number().int().min(10).default(30_000).describe('Longest time for one mail'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    message: 'user and password go together',
    path: ['user'],
  });

export type EmailSettings = z.infer<typeof emailSettings>;

/** Tells by plain text mail: to the contact of the connection, else to `contact`. */
export function createEmail(settings: EmailSettings, contact?: string): Notifier {
  const { host, port, secure, allowPlain, user, password, from, timeoutMs } = settings;

  return {
    name: 'email',
    addressOf: ({ email }) => email ?? contact,
    async send(address, { subject, text }, signal) {
      // Loaded only where mail is sent.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        host,
        port,
        secure,
        requireTLS: !secure && !allowPlain,
        ...(user === undefined ? {} : { auth: { user, pass: password } }),
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        await transport.sendMail({
          from,
          // As an object it is one address, whatever it holds.
          to: { name: '', address },
          subject: oneLine(subject, 200),
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([limit, signal]),
        });
      } catch (error) {
        const why = limit.aborted ? `it took longer than ${timeoutMs} ms` : wordsOf(error);
        throw new SluiceError(
          'mail_not_sent',
          `${host}:${port} did not take a mail: ${scrub(why)}`,
          {
            hint: 'Check the mail settings: host, port, secure, user and password.',
          },
        );
      } finally {
        transport.close();
      }
    },
  };

  /** A server may send back what it was sent. */
  function scrub(text: string): string {
    if (user === undefined || password === undefined) return text;
    const pair = Buffer.from(`\0${user}\0${password}`).toString('base64');
    const secrets = [pair, Buffer.from(password).toString('base64'), password];
    return secrets.reduce((out, secret) => out.replaceAll(secret, '***'), text);
  }
}

function wordsOf(error: unknown): string {
  const { code, response, message } = error as {
    code?: string;
    response?: string;
    message?: string;
  };
  return oneLine([code, response ?? message ?? String(error)].filter(Boolean).join(' '), 300);
}
