import { z } from 'zod';
import { duration, expandHome, path, refuseFaultyAddress, refuseShellPath, size } from './units.ts';

const sceneSource = z.strictObject({
  type: z.literal('scene'),
  seed: z.int().min(0).default(1).describe('Seed of the first scene; the next ones count up'),
  size: size.prefault('640x480'),
  every: duration.prefault('10s').describe('How long each scene is shown'),
  shapes: z
    .enum(['large', 'small', 'mixed'])
    .default('large')
    .describe('How large the shapes are; mixed: some large, some small'),
});

const stillSource = z.strictObject({
  type: z.literal('still'),
  path: path.describe('A picture file, or a folder of them: in order of name, repeating'),
});

// Timers of several times this length are derived from it.
const frameTimeout = duration.refine((ms) => ms <= 3_600_000, 'must be at most 1h');

const v4l2Source = z.strictObject({
  type: z.literal('v4l2'),
  device: z
    .string({ error: 'must be the path of a video device, such as /dev/video0' })
    .regex(/^\/./, 'must be the path of a video device, such as /dev/video0 or /dev/v4l/by-id/...')
    .describe('A video device, preferably by its stable name under /dev/v4l/by-id or by-path'),
  size: size
    .nullable()
    .default(null)
    .describe('The nearest size that the camera supports is used; null: 1280x720'),
  rate: z
    .number()
    .min(0.1)
    .max(1000)
    .nullable()
    .default(null)
    .describe("Pictures per second; null: the driver's default"),
  format: z
    .enum(['auto', 'mjpg', 'yuyv', 'uyvy', 'nv12', 'nv21', 'yu12', 'rgb24', 'bgr24', 'grey'])
    .default('auto')
    .describe('auto: MJPEG for large pictures, raw for small ones'),
  controls: z
    .record(z.string(), z.union([z.string(), z.int(), z.boolean()]))
    .default({})
    .describe('exposure, gain, white_balance, focus: "auto" or a number; others by their V4L2 names'),
  rotation: z
    .literal([0, 90, 180, 270])
    .default(0)
    .describe('Clockwise, in degrees, for a camera mounted on its side'),
  flip: z
    .enum(['none', 'horizontal', 'vertical', 'both'])
    .default('none')
    .describe('Applied after the rotation'),
  frame_timeout: frameTimeout
    .prefault('5s')
    .describe('A camera that gives no picture for this long is reopened'),
});

const login = {
  username: z
    .string()
    .regex(/^[^:\p{Cc}]+$/u, 'must not contain a colon')
    .nullable()
    .default(null),
  password_file: path.nullable().default(null).describe('A file whose first line is the password'),
};

const fitting = {
  rotation: z
    .literal([0, 90, 180, 270])
    .default(0)
    .describe('Clockwise, in degrees, after the orientation that a picture itself gives (EXIF)'),
  size: size
    .nullable()
    .default(null)
    .describe('Larger pictures are scaled down to fit, keeping their proportions; null: original size'),
};

function requireUsername(
  { username, password_file }: { username: string | null; password_file: string | null },
  context: z.RefinementCtx,
): void {
  if (username !== null || password_file === null) return;
  context.addIssue({
    code: 'custom',
    path: ['username'],
    input: username,
    message: 'must be set when password_file is set',
  });
}

/** The address of a stream, without user and password; or `lavfi:` and a filter graph; or a path. */
const ffmpegInput = z
  .string({
    error: 'must be an address such as rtsp://192.168.1.20:554/stream1, or the path of a video file',
  })
  .min(1)
  .max(4000)
  .regex(/^\P{Cc}*$/u, 'must be on one line')
  .refine(
    (input) => /^(?!\w+:\/\/)|^(rtsps?|https?|rtmps?):\/\//i.test(input),
    'must begin with rtsp://, rtsps://, http://, https://, rtmp:// or rtmps://, or be the path of a video file or a folder of them',
  )
  // ffmpeg's messages are stripped of addresses but for the host: one with spaces or quotes would be missed there.
  .refine(
    (input) => /^(?!\w+:\/\/)|^[^\s'"]*$/.test(input),
    'must not contain spaces or quotes in an address; write %20, %27 and %22',
  )
  .refine((input) => /^(?!\w+:\/\/)|^\w+:\/\/(\[[\da-f:.]+\]|[^\s:@/?#[\]]+)(:\d+)?([/?#]|$)/i.test(input), {
    error:
      'must be an address such as rtsp://192.168.1.20:554/stream1, without user or password: they belong in username and password_file',
  })
  .superRefine((input, context) =>
    (/^\w+:\/\//.test(input) ? refuseFaultyAddress : refuseShellPath)(input, context),
  )
  .transform(expandHome);

const ffmpegSource = z
  .strictObject({
    type: z.literal('ffmpeg'),
    input: ffmpegInput.describe(
      'rtsp://, rtsps://, http:// or https:// (HLS, FLV and other video streams), rtmp://, rtmps://, or a video file or a folder of them',
    ),
    transport: z.enum(['tcp', 'udp']).default('tcp').describe('How RTSP carries the video'),
    ...login,
    ...fitting,
    frame_timeout: frameTimeout
      .prefault('8s')
      .describe('A stream that gives no new picture for this long is reopened'),
  })
  .superRefine(requireUsername);

const httpUrl = z
  .string({ error: 'must be an address such as http://192.168.1.20/snapshot.jpg' })
  .max(4000)
  .regex(
    /^https?:\/\/[^\s\p{Cc}'"]+$/iu,
    'must be an address that begins with http:// or https://, without spaces; for rtsp:// use type: ffmpeg, with input',
  )
  .refine((url) => !/^\w+:\/\/[^/?#]*@/.test(url), {
    error: 'must not contain user or password: they belong in username and password_file',
  })
  .superRefine(refuseFaultyAddress);

/** As a browser or `openssl x509 -fingerprint -sha256` shows it; parsed to `AA:BB:...`. */
const fingerprint = z
  .string()
  .transform((text) =>
    text
      .replace(/^sha-?256[ =]+(fingerprint=)?/i, '')
      .replaceAll(':', '')
      .toUpperCase(),
  )
  .refine(
    (hex) => /^[\dA-F]{64}$/.test(hex),
    'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
  )
  .transform((hex) => hex.replace(/..(?!$)/g, '$&:'));

const httpSource = z
  .strictObject({
    type: z.literal('http'),
    url: httpUrl.describe('http:// or https://: a picture (JPEG, PNG, WebP) or motion JPEG'),
    ...login,
    ca_file: path
      .nullable()
      .default(null)
      .describe(
        "PEM: only cameras with a certificate from this authority are trusted; null: Node's authorities",
      ),
    tls_fingerprint: fingerprint
      .nullable()
      .default(null)
      .describe("SHA-256 of the camera's certificate, the only one that is accepted then"),
    ...fitting,
    frame_timeout: frameTimeout
      .prefault('8s')
      .describe('A camera that gives nothing new for this long has stalled'),
  })
  .superRefine((source, context) => {
    requireUsername(source, context);
    const { url, ca_file, tls_fingerprint } = source;
    const refuse = (field: string, input: unknown, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], input, message });
    if (ca_file !== null && tls_fingerprint !== null)
      refuse('ca_file', ca_file, 'has no effect beside tls_fingerprint; remove one of them');
    if (/^https:/i.test(url)) return;
    for (const [field, value] of Object.entries({ ca_file, tls_fingerprint }))
      if (value !== null) refuse(field, value, 'has no effect unless url begins with https://');
  });

/** Where a camera's pictures come from. */
export const cameraSource = z.discriminatedUnion('type', [
  sceneSource,
  stillSource,
  v4l2Source,
  httpSource,
  ffmpegSource,
]);
