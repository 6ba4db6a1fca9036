import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
  readonly keyPath: string;
  readonly path: string;
  readonly fingerprint: string;
}

/**
 * A self-signed certificate, as cameras have, in `NAME.crt` and `NAME.key` of a folder. Needs openssl.
 * @param names such as `IP:127.0.0.1`
 */
export function selfSigned(folder: string, name: string, names: string, days = 10): SelfSigned {
  const [path, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`];
  const given = ['-days', `${days}`, '-addext', `subjectAltName=${names}`];
  execFileSync('openssl', ['req', '-x509', ...options, ...given, '-keyout', keyPath, '-out', path], {
    stdio: 'pipe',
  });
  const cert = readFileSync(path, 'utf8');
  return {
    key: readFileSync(keyPath, 'utf8'),
    cert,
    keyPath,
    path,
    fingerprint: new X509Certificate(cert).fingerprint256,
  };
}
