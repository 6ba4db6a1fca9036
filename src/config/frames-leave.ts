import { withoutSecrets } from '../domain/shown-address.ts';
import type { Config } from './schema.ts';

/** Where a config sends frames, with the key that says so: empty unless it asks for that. */
export function framesLeaveTo({ engine, cameras }: Pick<Config, 'engine' | 'cameras'>): string[] {
  const published = Object.entries(cameras).filter(([, { image }]) => image.enabled);
  return [
    ...(typeof engine === 'object' ? [`to ${withoutSecrets(engine.url)} (engine.url)`] : []),
    ...(engine === 'pool' ? ['to worker boards (engine: pool)'] : []),
    ...published.map(([name]) => `to the broker (cameras.${name}.image)`),
  ];
}
