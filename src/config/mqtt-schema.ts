import { z } from 'zod';
import { commands } from './commands-schema.ts';
import { duration, path, refuseFaultyAddress } from './units.ts';

const pemFile = path.nullable().default(null);

/** The broker, and how to connect to it. */
export const mqtt = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^(mqtts?|wss?):\/\/[^@\s]+$/,
        'must be a broker address such as mqtt://127.0.0.1:1883, without user or password',
      )
      .superRefine(refuseFaultyAddress)
      .default('mqtt://127.0.0.1:1883'),
    username: z.string().nullable().default(null),
    password_file: path.nullable().default(null).describe('A file whose first line is the password'),
    ca_file: pemFile.describe(
      "PEM: only brokers with a certificate from this authority are trusted; null: Node's authorities",
    ),
    cert_file: pemFile.describe('PEM: client certificate'),
    key_file: pemFile.describe('PEM: its private key, unencrypted'),
    keepalive: duration
      .prefault('30s')
      .refine((ms) => ms >= 1000 && ms <= 65_535_000, 'must be from 1s to 18h')
      .describe('A broker that is silent for 1.5 times this long is considered lost'),
    late_after: duration
      .prefault('1m')
      .describe('An observation that is older than this when it is sent is marked as late'),
    discovery: z
      .strictObject({
        enabled: z.boolean().default(true).describe('false: withdraws earlier announcements'),
        prefix: z
          .string()
          .regex(/^[^\s+#/]+$/, 'must be one topic level such as homeassistant')
          .default('homeassistant'),
      })
      .prefault({})
      .describe('How the device announces itself to Home Assistant'),
    commands: commands.prefault({}),
  })
  .superRefine(({ url, ca_file, cert_file, key_file }, context) => {
    const refuse = (field: string, input: unknown, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], input, message });
    if (cert_file !== null && key_file === null)
      refuse('key_file', key_file, 'must be set when cert_file is set');
    if (key_file !== null && cert_file === null)
      refuse('cert_file', cert_file, 'must be set when key_file is set');
    if (/^(mqtts|wss):/.test(url)) return;
    for (const [field, path] of Object.entries({ ca_file, cert_file }))
      if (path !== null) refuse(field, path, 'has no effect unless mqtt.url begins with mqtts:// or wss://');
  });
