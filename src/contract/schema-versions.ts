import { z } from 'zod';
import { type Channel, contract } from './contract.ts';

/** The schema version of each payload that carries one, by the name of its channel. */
export function schemaVersions(): Record<string, number> {
  const channels: readonly (readonly [string, Channel])[] = Object.entries(contract);
  return Object.fromEntries(
    channels.flatMap(([name, { payload }]) => {
      const version = payload instanceof z.ZodObject ? payload.shape['schema'] : null;
      return version instanceof z.ZodLiteral ? [[name, Number(version.value)]] : [];
    }),
  );
}
