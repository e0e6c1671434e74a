import { z } from 'zod';

const MB = 1024 * 1024;
const GB = 1024 * MB;

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
  nothingReceivedHours: z
    .number()
    .min(1)
    .describe('Tell when the source had nothing new for so long'),
  credentialsExpireDays: z
    .number()
    .int()
    .min(1)
    .describe('Tell so many days before credentials cease to work'),
});
export type AlertThresholds = z.infer<typeof thresholds>;

const {
  retryingMinutes,
  deadLettersPerHour,
  lagMinutes,
  nothingReceivedHours,
  credentialsExpireDays,
} = thresholds.shape;

/** Of one connection: thresholds that differ from the service's, or no alerts at all. */
export const connectionAlerts = z
  .union([z.literal('off'), thresholds.partial()])
  .describe('off: tell nobody; or thresholds that differ from those of the service');

export const smtpSettings = z.strictObject({
  host: z.string().min(1).describe('Mail server'),
  port: z.number().int().min(1).max(65_535).default(587).describe('Its port'),
  secure: z
    .boolean()
    .default(false)
    .describe('TLS from the first byte (port 465); else by STARTTLS where the server has it'),
  user: z.string().min(1).optional().describe('User name, when the server wants one'),
  password: z.string().min(1).optional().meta({ secret: true }).describe('Password of that user'),
  from: z.string().min(3).describe('Sender of the mails'),
});
export type SmtpSettings = z.infer<typeof smtpSettings>;

/** The `service:` section: what holds for `sluice serve` as a whole. */
export const serviceSettings = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
      port: z.number().int().min(0).max(65_535).default(8377).describe('Port; 0: any free one'),
    })
    .prefault({})
    .describe('Where the service answers: pushes, health, metrics'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('How the world reaches the service; for the links in alerts'),
  inbox: z
    .strictObject({
      maxBytes: bytes.default(4 * GB).describe('Pushed bodies kept at most; above it: 503'),
      maxBodyBytes: bytes
        .min(1)
        .default(16 * MB)
        .describe('One body at most, after decompression; above it: 413'),
      minFreeBytes: bytes.default(512 * MB).describe('Disk space to leave free; below it: 503'),
      keepSettledHours: z
        .number()
        .min(0)
        .default(24)
        .describe('How long pushed bodies are kept after all of them is settled'),
    })
    .prefault({})
    .describe("Bounds of what Braze's Custom HTTP connector pushes"),
  memoryBytes: bytes
    .min(32 * MB)
    .default(256 * MB)
    .describe('Batches and bodies in flight, of all connections together'),
  smtp: smtpSettings.optional().describe('Mail server for alerts'),
  alerts: z
    .strictObject({
      contact: z
        .email()
        .optional()
        .describe('Who gets the mails about connections without a contact'),
      webhook: z
        .url({ protocol: /^https?$/ })
        .optional()
        .meta({ secret: true })
        .describe('URL that takes messages as Slack does'),
      retryingMinutes: retryingMinutes.default(15),
      deadLettersPerHour: deadLettersPerHour.default(100),
      lagMinutes: lagMinutes.default(120),
      nothingReceivedHours: nothingReceivedHours.default(24),
      credentialsExpireDays: credentialsExpireDays.default(30),
    })
    .prefault({})
    .describe('Whom to tell, and when'),
  retention: z
    .strictObject({
      runDays: days.default(90).describe('Runs and jobs that ended'),
      sliceDays: days
        .default(90)
        .describe('Checkpoints of slices settled to their end; their counts stay in the totals'),
      rollupDays: days.default(800).describe('Hourly figures'),
    })
    .prefault({})
    .describe('How long history is kept, in days; dead letters stay until they are delivered'),
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
