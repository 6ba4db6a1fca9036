import type { BrokerAddress } from '../../src/mqtt/pool/connection.ts';

/** A broker without authentication. */
export function openBroker(url: string): BrokerAddress {
  return {
    url,
    username: null,
    passwordFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    keepaliveMs: 30_000,
  };
}
