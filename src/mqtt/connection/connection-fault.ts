import { ReasonCodes } from 'mqtt';
import { codeOf, messageOf } from '../../domain/errors.ts';

interface Attempt {
  /** Without secrets. */
  readonly url: string;
  readonly username: string | null;
  readonly needsMqtt5?: boolean;
}

/** CONNACK codes of a login that is refused: the same attempt is refused again. */
const refusals: readonly unknown[] = [4, 5, 0x86, 0x87, 0x8a];

/** @param code of the error of a connection */
export function isRefusal(code: unknown): boolean {
  return refusals.includes(code);
}

/** Explains for humans why there is no connection, and what to do. Contains no secret. */
export function connectionFault(error: Error | null, { url, username, needsMqtt5 = false }: Attempt): string {
  if (!error) {
    const versions = needsMqtt5 ? 'MQTT 5, which worker boards need' : 'MQTT';
    return `${url} closed the connection before it answered: it does not speak ${versions}, requires TLS, or does not accept this client; check the port of mqtt.url, and whether it must begin with mqtts:// or wss://`;
  }
  const cause = firstCause(error);
  const code = codeOf(cause);
  if (typeof code === 'number') return refusedBecause(code, username);
  const status = /^Unexpected server response: (\d+)$/.exec(messageOf(cause))?.[1];
  if (status)
    return `the web server at ${url} answers ${status} and opens no web socket; check the port and path of mqtt.url (often /mqtt, for RabbitMQ /ws)`;
  const known = typeof code === 'string' ? networkFault(code, url) || tlsFault(code, cause) : null;
  return known || messageOf(cause) || String(code ?? 'unknown');
}

/** If a host name has several addresses, the error contains one per address. */
function firstCause(error: Error): Error {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first : error;
}

/** CONNACK codes: below 6 those of MQTT 3.1.1, from 0x80 those of MQTT 5. */
function refusedBecause(code: number, username: string | null): string {
  const name = (ReasonCodes[code as keyof typeof ReasonCodes] ?? 'unknown reason').toLowerCase();
  const refused = `the broker refuses the connection: ${name} (0x${code.toString(16).padStart(2, '0')})`;
  const login =
    username === null
      ? 'it may require mqtt.username and mqtt.password_file'
      : `check mqtt.username (${username}) and the password in mqtt.password_file`;
  const remedies: Readonly<Record<number, string>> = {
    1: 'worker boards and boards that send to them need a broker with MQTT 5',
    2: 'it rejects the client id, which contains `device`: choose another device name',
    4: login,
    5: login,
    132: 'worker boards and boards that send to them need a broker with MQTT 5',
    133: 'it rejects the client id, which contains `device`: choose another device name',
    134: login,
    135: login,
    138: 'this client is banned',
    149: 'its packet limit is too small even for the last will',
    156: 'set mqtt.url to another broker',
    157: 'set mqtt.url to another broker',
  };
  return remedies[code] ? `${refused}; ${remedies[code]}` : refused;
}

function networkFault(code: string, url: string): string | null {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${url} (${code}); is the broker running, and mqtt.url right?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name in ${url} cannot be resolved (${code}); check mqtt.url and DNS`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${url} is not reachable (${code}); check the network`;
    case 'ECONNRESET':
      return `the broker closed the connection (${code}); does mqtt.url have the right port, and mqtts:// or wss:// if it requires TLS?`;
    default:
      return code.startsWith('HPE_')
        ? `${url} does not speak HTTP, with which web sockets begin (${code}); for a port without web sockets, begin mqtt.url with mqtt:// or mqtts://`
        : null;
  }
}

/** OpenSSL's and Node's names: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function tlsFault(code: string, error: Error): string | null {
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
    case 'CERT_SIGNATURE_FAILURE':
      return `the broker's certificate is not signed by a trusted authority (${code}); set mqtt.ca_file to the certificate of the authority that signed it`;
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `the broker's certificate is not valid now (${code}); renew it, or correct the clock of this board (${new Date().toISOString()})`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the broker's certificate is for another host name (${messageOf(error)}); use a name from the certificate in mqtt.url`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `the broker does not use TLS on this port (${code}); set mqtt.url to its TLS port, or begin it with mqtt:// or ws://`;
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code))
    return `the broker requires a client certificate (${code}); set mqtt.cert_file and mqtt.key_file`;
  if (/ALERT.*(CERTIFICATE|UNKNOWN_CA)|ALERT_ACCESS_DENIED/.test(code))
    return `the broker does not accept the certificate in mqtt.cert_file (${code}); it must be valid now, and signed by an authority that the broker trusts`;
  return null;
}
