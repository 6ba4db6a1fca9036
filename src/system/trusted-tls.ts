import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { HttpError } from './http-error.ts';

/** Which server certificates are accepted: those of the authorities and for the right host, or exactly one. */
export interface Trust {
  /** PEM: the authorities; null: Node's. */
  readonly ca: string | null;
  /** SHA-256 of the one accepted certificate, as `AA:BB:...`; no other check is made then. null: authorities decide. */
  readonly fingerprint: string | null;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly autoSelectFamily?: boolean;
  readonly autoSelectFamilyAttemptTimeout?: number;
  /** An open tunnel to it. */
  readonly socket?: Duplex;
}

/**
 * Connects with TLS. Nothing is sent before the certificate is checked.
 * @param trust null: Node's authorities, and those of `$NODE_EXTRA_CA_CERTS`
 * @param onConnected gets the connection, or an HttpError that contains the fingerprint of a certificate that is not accepted
 */
export function connectSecurely(
  address: Address,
  trust: Trust | null,
  signal: AbortSignal,
  onConnected: (error: Error | null, socket: TLSSocket) => void,
): void {
  const socket = connect({
    ...address,
    ...(isIP(address.host) === 0 && { servername: address.host }),
    ...(trust?.ca != null && { ca: trust.ca }),
    ALPNProtocols: ['http/1.1'],
    // Checked below, where the certificate is still at hand.
    rejectUnauthorized: false,
  });
  const onAbort = (): void => void socket.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
  const onError = (error: Error): void => onConnected(error, socket);
  socket.once('error', onError);
  socket.once('secureConnect', () => {
    socket.off('error', onError);
    const fault = faultOf(socket, trust);
    if (fault) socket.destroy();
    onConnected(fault, socket);
  });
}

function faultOf(socket: TLSSocket, trust: Trust | null): HttpError | null {
  const fingerprint = trust?.fingerprint ?? null;
  const actual = socket.getPeerCertificate().fingerprint256 as string | undefined;
  if (fingerprint !== null && actual === fingerprint) return null;
  if (fingerprint !== null)
    return new HttpError(
      'certificate',
      `its certificate has the fingerprint ${actual}, not that of tls_fingerprint; if it was renewed, set that to the new one`,
    );
  if (socket.authorized) return null;
  // Node types it as an Error, but it is a code for most faults.
  const reason = socket.authorizationError as Error | string;
  const word = typeof reason === 'string' ? reason : reason.message;
  if (!trust)
    return new HttpError(
      'certificate',
      `its certificate is not trusted (${word}); if the network inspects TLS, set NODE_EXTRA_CA_CERTS to the file of its authority`,
    );
  return new HttpError(
    'certificate',
    `its certificate is not trusted (${word}); if it is the right device, set tls_fingerprint to ${actual}, or ca_file to the authority that signed it`,
  );
}
