import { z } from 'zod';
import { emailSettings } from '../alerts/email.ts';
import { PRUNE_DEFAULTS } from '../core/upkeep.ts';
import { oidcSettings } from './oidc-settings.ts';

const MB = 1024 * 1024;

const bytes = z.number().int().min(0);
const days = z.number().int().min(1);

/** When a person is told. */
const thresholds = z.strictObject({
  retryingMinutes: z
    .number()
    .min(1)
    .describe('Tell when a connection has been retrying for so long'),
  deadLettersPerHour: z
    .number()
    .int()
    .min(1)
    .describe('Tell when more records than this become dead letters within an hour'),
  lagMinutes: z
    .number()
    .min(1)
    .describe('Tell when the oldest data that is not settled yet is older than this'),
  silentHours: z.number().min(1).describe('Tell when the source had nothing new for so long'),
  expiryDays: z
    .number()
    .int()
    .min(1)
    .describe('Tell so many days before credentials cease to work'),
});

const { retryingMinutes, deadLettersPerHour, lagMinutes, silentHours, expiryDays } =
  thresholds.shape;

const webhook = z
  .url({ protocol: /^https?$/ })
  .optional()
  .meta({ secret: true });

/** Of one connection: what differs from the service's, or no alerts at all. */
export const connectionAlerts = z
  .union([
    z.literal('off'),
    thresholds
      .partial()
      .extend({ webhook: webhook.describe('URL of its own that takes messages as Slack does') }),
  ])
  .describe('off: tell nobody; or what differs from the alerts of the service');

/** The `service:` section: what holds for `sluice serve` as a whole. */
export const serviceSettings = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
      port: z.number().int().min(0).max(65_535).default(8377).describe('Port; 0: any free one'),
      proxies: z
        .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
        .default([])
        .describe(
          'Addresses or networks of reverse proxies before it, whose X-Forwarded-For and X-Forwarded-Proto are believed',
        ),
    })
    .prefault({})
    .describe('Where the service answers: dashboard, API, pushes, health, metrics'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('How the world reaches the service; for links, and for cookies by https alone'),
  oidc: oidcSettings.optional(),
  inbox: z
    .strictObject({
      maxBytes: bytes
        .default(20e9)
        .describe('Pushed bodies that wait, of all connections; above it: 503'),
      maxBodyBytes: bytes
        .min(1)
        .default(10 * MB)
        .describe('One body, as sent and unpacked; above it: 413'),
      minFreeBytes: bytes
        .optional()
        .describe('Disk space to leave free; below it: 503. By default 512 MB or 2 % of the disk'),
      keepSettledHours: z
        .number()
        .min(0)
        .default(24)
        .describe('How long pushed bodies are kept for replays once they are settled'),
      keepSettledBytes: bytes.default(1e9).describe('How much of them is kept at most'),
    })
    .prefault({})
    .describe("Bounds of what Braze's Custom HTTP connector pushes"),
  memoryBytes: bytes
    .min(32 * MB)
    .default(256 * MB)
    .describe('Batches and bodies in flight, of all connections together'),
  smtp: emailSettings.optional().describe('Mail server for alerts'),
  alerts: z
    .strictObject({
      contact: z
        .email()
        .optional()
        .describe('Who gets the mails about connections without a contact'),
      webhook: webhook.describe('URL that takes messages as Slack does'),
      retryingMinutes: retryingMinutes.default(15),
      deadLettersPerHour: deadLettersPerHour.default(100),
      lagMinutes: lagMinutes.default(120),
      silentHours: silentHours.default(24),
      expiryDays: expiryDays.default(90),
    })
    .prefault({})
    .describe('Whom to tell, and when'),
  retention: z
    .strictObject({
      runDays: days.default(PRUNE_DEFAULTS.runDays).describe('Runs'),
      runs: days.default(PRUNE_DEFAULTS.runs).describe('Runs of a connection, at most'),
      jobDays: days.default(PRUNE_DEFAULTS.jobDays).describe('Backfills and replays that ended'),
      auditDays: days.default(400).describe('Who changed what'),
      cohortDays: days.default(400).describe('Sizes of cohorts and their syncs'),
      hourlyDays: days
        .default(PRUNE_DEFAULTS.hourlyDays)
        .describe('Figures by hour; older ones are kept by day'),
      dailyDays: days
        .default(PRUNE_DEFAULTS.dailyDays)
        .describe('Figures by day; older ones are kept by month'),
      countsDays: days
        .default(PRUNE_DEFAULTS.countsDays)
        .describe('Counts of each slice without an hour; then they are part of the totals only'),
    })
    .prefault({})
    .describe('How long history is kept; dead letters stay until they are delivered'),
  log: z
    .strictObject({
      level: z
        .enum(['error', 'warn', 'info', 'debug'])
        .default('info')
        .describe('How much is logged'),
    })
    .prefault({})
    .describe('What goes to standard output, one JSON object a line'),
});

export type ServiceSettings = z.infer<typeof serviceSettings>;
