import { z } from 'zod';
import { isLoopback } from '../system/listen-address.ts';
import { listen } from './listen-schema.ts';
import { path } from './units.ts';

/** The board as an engine for other programs. */
export const serve = z
  .strictObject({
    listen: listen(8481)
      .nullable()
      .default(null)
      .describe('Address and port, such as 127.0.0.1:8481; null: off'),
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
