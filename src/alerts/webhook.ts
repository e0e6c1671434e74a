import { z } from 'zod';
import { SluiceError } from '../core/errors.ts';
import type { Notifier } from './notifier.ts';

const webhookUrl = z.url({ protocol: /^https?$/ }).refine((url) => {
  const { username, password } = new URL(url);
  return username === '' && password === '';
}, 'credentials before the host are not supported');

/** A webhook as Slack's incoming ones, which Mattermost, Rocket.Chat, Google Chat and others take too. */
export const webhookSettings = z.strictObject({
  url: webhookUrl
    .optional()
    .describe('Used where a connection has no webhook of its own. A secret: who knows it can post'),
  timeoutMs: z.number().int().min(10).default(10_000).describe('Longest wait for an answer'),
});

export type WebhookSettings = z.infer<typeof webhookSettings>;

/** Tells by posting `{"text": …}`. An address is a secret: no error says it. */
export function createWebhook({ url, timeoutMs }: WebhookSettings): Notifier {
  return {
    name: 'webhook',
    addressOf: ({ webhook }) => webhook ?? url,
    async send(address, { subject, text }, signal) {
      const limit = AbortSignal.timeout(timeoutMs);
      let status: number;
      try {
        const response = await fetch(address, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text: `*${escape(subject)}*\n${escape(text)}` }),
          // Followed, a redirect would take the message to a place that nobody named.
          redirect: 'manual',
          signal: AbortSignal.any([limit, signal]),
        });
        ({ status } = response);
        await response.body?.cancel();
      } catch (error) {
        const why = limit.aborted ? `it did not answer within ${timeoutMs} ms` : faultOf(error);
        throw refused(why);
      }
      if (status < 200 || status > 299) throw refused(`it answered HTTP ${status}`);
    },
  };
}

/** No cause is kept with it: the errors of fetch name the URL. */
function refused(why: string): SluiceError {
  return new SluiceError('webhook_not_sent', `The webhook did not take a message: ${why}`, {
    hint: 'Check its URL, and whether it was revoked.',
  });
}

/** The code of a network fault, which is all of it that surely holds no URL. */
function faultOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'the request failed';
}

/** In Slack's texts these three start links and mentions: a name such as `<!channel>` must not call everybody. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
