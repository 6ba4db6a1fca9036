import type { IClientOptions } from 'mqtt';

/** A web socket's address with an IPv6 host in brackets, which MQTT.js leaves out: https://github.com/mqttjs/MQTT.js/issues/1569 */
export function bracketed(url: string, { hostname }: IClientOptions): string {
  return hostname?.includes(':') ? url.replace(`//${hostname}:`, `//[${hostname}]:`) : url;
}
