import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { lookUp } from '../config/paths.ts';

/** Where an installed package has the service's config. */
export const serviceConfigFolder = '/etc/scenecast';

/** The path of a secret: a relative one is a systemd credential of that name, if it exists. */
export function lookUpSecret(path: string, folder: string): string {
  const credentials = isAbsolute(path) ? [] : credentialPaths(path, folder);
  return credentials.find((credential) => existsSync(credential)) ?? lookUp(path, folder);
}

/** For commands by hand with the service's config: where systemd puts its credentials, and where it takes them from. */
function credentialPaths(name: string, folder: string): string[] {
  const given = process.env['CREDENTIALS_DIRECTORY'];
  if (given) return [resolve(given, name)];
  if (folder !== serviceConfigFolder) return [];
  return [`/run/credentials/scenecast.service/${name}`, `/etc/credstore/scenecast.${name}`];
}
