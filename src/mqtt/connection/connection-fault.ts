import { ReasonCodes } from 'mqtt';
import { messageOf } from '../../domain/errors.ts';

/** What a person is told when there is no connection: what is wrong, and what to do about it. Names no secret. */
export function connectionFault(error: Error | null, url: string, username: string | null): string {
  if (!error)
    return 'the broker closed the connection before it answered; does mqtt.url name the right port?';
  const cause = firstCause(error);
  const code = 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number') return refusedBecause(code, username);
  const told = typeof code === 'string' ? networkFault(code, url) || tlsFault(code, cause) : null;
  return told || messageOf(cause) || String(code ?? 'unknown');
}

/** Where a name has several addresses, the error holds one for each. */
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
      ? 'it may want mqtt.username and mqtt.password_file'
      : `check mqtt.username (${username}) and the password in mqtt.password_file`;
  const remedies: Readonly<Record<number, string>> = {
    1: 'worker boards and those that send to them need a broker with MQTT 5',
    2: "it does not like the client id, which is made of the config's device",
    4: login,
    5: login,
    132: 'worker boards and those that send to them need a broker with MQTT 5',
    133: "it does not like the client id, which is made of the config's device",
    134: login,
    135: login,
    138: 'this client is banned there',
    149: 'its limit for packets is too small even for the last will',
    156: 'mqtt.url must name another broker',
    157: 'mqtt.url must name another broker',
  };
  return remedies[code] ? `${refused}; ${remedies[code]}` : refused;
}

function networkFault(code: string, url: string): string | null {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${url} (${code}); is the broker running, and mqtt.url right?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name in ${url} is not known (${code}); check mqtt.url and the name server`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${url} is not reachable (${code}); check the network`;
    case 'ECONNRESET':
      return `the broker closed the connection (${code}); does mqtt.url name the right port and mqtts:// or wss:// where it wants TLS?`;
    default:
      return null;
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
      return `the broker's certificate is signed by nobody trusted here (${code}); mqtt.ca_file must name the certificate of the authority that signed it`;
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `the broker's certificate is not valid now (${code}); renew it, or set this board's clock, which says ${new Date().toISOString()}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the broker's certificate is for another name (${messageOf(error)}); mqtt.url must use a name that is in the certificate`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `the broker does not speak TLS there (${code}); mqtt.url must name its TLS port, or begin with mqtt:// or ws://`;
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code))
    return `the broker wants a client certificate (${code}); set mqtt.cert_file and mqtt.key_file`;
  if (/ALERT.*(CERTIFICATE|UNKNOWN_CA)|ALERT_ACCESS_DENIED/.test(code))
    return `the broker does not accept the certificate in mqtt.cert_file (${code}); it must be signed by the authority that the broker trusts, and be valid now`;
  return null;
}
