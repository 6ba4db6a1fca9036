import { z } from 'zod';
import { isLoopback, listenAddressOf } from '../system/listen-address.ts';
import { path } from './units.ts';

const listen = z
  .string({ error: 'must be an address and a port, such as 127.0.0.1:8481' })
  .transform((text, context) => {
    const address = listenAddressOf(text);
    if (address) return address;
    context.addIssue({
      code: 'custom',
      input: text,
      message:
        'must be an IP address (or localhost) and a port, such as 127.0.0.1:8481, 0.0.0.0:8481 or [::1]:8481',
    });
    return z.NEVER;
  });

/** The board as an engine for other programs. */
export const serve = z
  .strictObject({
    listen: listen.nullable().default(null).describe('Address and port, such as 127.0.0.1:8481; null: off'),
    token_file: path
      .nullable()
      .default(null)
      .describe(
        'A file whose first line is the token that clients send; needed unless only loopback is served',
      ),
  })
  .superRefine(({ listen, token_file }, context) => {
    if (listen === null || token_file !== null || isLoopback(listen.host)) return;
    context.addIssue({
      code: 'custom',
      path: ['token_file'],
      input: token_file,
      message: `must name a file with a token, since other machines can reach ${listen.host}; or listen on 127.0.0.1`,
    });
  });
