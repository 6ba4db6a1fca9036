import { z } from 'zod';
import { isLoopback } from '../system/listen-address.ts';
import { isPasswordHash } from '../system/password-hash.ts';
import { listen } from './listen-schema.ts';
import { path } from './units.ts';

const hash = z
  .string({ error: 'must be a hash that scenecast password prints' })
  .refine(isPasswordHash, 'must be a hash that scenecast password prints, never the password itself')
  .nullable()
  .default(null);
const hashFile = path.nullable().default(null);

const metrics = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Offer /metrics, in the format of Prometheus'),
    token_file: path
      .nullable()
      .default(null)
      .describe('A file whose first line is the token that it sends; needed if there is a password'),
  })
  .prefault({})
  .describe('What Prometheus may ask for');

const pemFile = path.nullable().default(null);

const tls = z
  .strictObject({
    cert_file: pemFile.describe('PEM: the certificate, with those between it and its authority'),
    key_file: pemFile.describe('PEM: its private key, unencrypted'),
  })
  .superRefine(({ cert_file, key_file }, context) => {
    const refuse = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], input: null, message });
    if (cert_file !== null && key_file === null) refuse('key_file', 'must be set when cert_file is set');
    if (key_file !== null && cert_file === null) refuse('cert_file', 'must be set when key_file is set');
  })
  .prefault({})
  .describe('Serve with TLS; the files are read again each minute');

const either = 'gives the password twice; remove this key, or its file';

/** The page that people look at. */
export const web = z
  .strictObject({
    listen: listen(8480)
      .nullable()
      .default(null)
      .describe('Address and port, such as 127.0.0.1:8480; null: off'),
    password_hash: hash.describe(
      'What scenecast password prints; needed unless only loopback is served without a proxy',
    ),
    password_hash_file: hashFile.describe('A file whose first line is that hash, in place of password_hash'),
    viewer_password_hash: hash.describe('Likewise, of a password with which nothing can be changed'),
    viewer_password_hash_file: hashFile.describe('A file whose first line is that hash'),
    aim: z
      .boolean()
      .default(true)
      .describe('Allow changing the sensitivity and the zones of cameras; private zones can only be added'),
    pictures: z.boolean().default(true).describe('false: the page shows no picture of any camera'),
    tls,
    metrics,
  })
  .superRefine((web, context) => {
    const refuse = (key: keyof typeof web, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], input: web[key], message });
    const hasPassword = web.password_hash !== null || web.password_hash_file !== null;
    const hasViewer = web.viewer_password_hash !== null || web.viewer_password_hash_file !== null;
    if (web.password_hash !== null && web.password_hash_file !== null) refuse('password_hash', either);
    if (web.viewer_password_hash !== null && web.viewer_password_hash_file !== null)
      refuse('viewer_password_hash', either);
    if (hasViewer && !hasPassword)
      refuse('password_hash', 'must be set too: without it, everyone on this machine may change settings');
    if (web.metrics.enabled && hasPassword && web.metrics.token_file === null)
      context.addIssue({
        code: 'custom',
        path: ['metrics', 'token_file'],
        input: null,
        message: 'must name a file with a token, since the window has a password',
      });
    if (web.listen !== null && !hasPassword && !isLoopback(web.listen.host))
      refuse(
        'password_hash',
        `must be what scenecast password prints, since other machines can reach ${web.listen.host}; or listen on 127.0.0.1`,
      );
  });
