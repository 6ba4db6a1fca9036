import { X509Certificate } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { lookUpSecret, serviceConfigFolder } from '../setup/look-up-secret.ts';
import { discardBody, HttpClient } from '../system/http-client.ts';
import { readKeyPair } from '../system/key-pair.ts';
import { type Check, failed, ok, warning } from './doctor-check.ts';

const timeoutMs = 5000;
const soonDays = 14;

/** Whether the window answers at `web.listen`, with the certificate of the config if it has one. */
export async function checkWindow(
  { listen, tls }: Config['web'],
  folder: string,
  isServiceActive: boolean,
  signal: AbortSignal,
): Promise<Check | null> {
  const part = 'window';
  if (!listen) return null;
  try {
    const certificate = await certificateOf(tls, folder);
    const url = addressOf(listen, certificate !== null);
    const status = await statusOf(url, certificate, signal);
    if (status !== 200)
      return failed(part, `at ${url.origin}, another program answers`, 'choose another port in web.listen');
    const days = certificate && (certificate.validToDate.getTime() - Date.now()) / 86_400_000;
    if (days !== null && days < soonDays)
      return warning(
        part,
        `${url.origin} answers; its certificate ends at ${certificate!.validTo}`,
        'renew web.tls.cert_file',
      );
    return ok(part, `${url.origin} answers`);
  } catch (error) {
    // systemd hands the service a key that only root can read.
    if (error instanceof ConfigError && folder === serviceConfigFolder && process.geteuid!() !== 0)
      return warning(part, `not tried: ${messageOf(error)}`, 'sudo scenecast doctor');
    if (error instanceof ConfigError) return failed(part, messageOf(error));
    const { origin } = addressOf(listen, tls.cert_file !== null);
    if (!isServiceActive) return warning(part, `${origin} does not answer: the service does not run`);
    return failed(
      part,
      `${origin} does not answer: ${messageOf(error)}`,
      'journalctl -u scenecast | grep HTTP',
    );
  }
}

async function certificateOf(
  { cert_file, key_file }: Config['web']['tls'],
  folder: string,
): Promise<X509Certificate | null> {
  if (cert_file === null || key_file === null) return null;
  const [certFile, keyFile] = [lookUpSecret(cert_file, folder), lookUpSecret(key_file, folder)];
  return new X509Certificate((await readKeyPair('web.tls', { certFile, keyFile })).cert);
}

/** Where this machine reaches the server: one that listens at all addresses is asked at loopback. */
function addressOf({ host, port }: { host: string; port: number }, isSecure: boolean): URL {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const inUrl = reachable.includes(':') ? `[${reachable}]` : reachable;
  return new URL(`${isSecure ? 'https' : 'http'}://${inUrl}:${port}/healthz`);
}

async function statusOf(url: URL, certificate: X509Certificate | null, signal: AbortSignal): Promise<number> {
  const trust = certificate && { ca: null, fingerprint: certificate.fingerprint256 };
  const client = new HttpClient({ headTimeoutMs: timeoutMs, trust });
  try {
    const answer = await client.get(url, {}, signal);
    discardBody(answer);
    return answer.status;
  } finally {
    client.close();
  }
}
