import { z } from 'zod';
import { listenAddressOf } from '../system/listen-address.ts';

/** The address of a server, with a port for its examples. */
export function listen(port: number) {
  return z
    .string({ error: `must be an address and a port, such as 127.0.0.1:${port}` })
    .transform((text, context) => {
      const address = listenAddressOf(text);
      if (address) return address;
      context.addIssue({
        code: 'custom',
        input: text,
        message: `must be an IP address (or localhost) and a port, such as 127.0.0.1:${port}, 0.0.0.0:${port} or [::1]:${port}`,
      });
      return z.NEVER;
    });
}
