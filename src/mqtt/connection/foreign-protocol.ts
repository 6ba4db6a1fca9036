/** A CONNACK, or a DISCONNECT in its place: all that a broker may send first. */
const mqttFirstBytes: ReadonlySet<number> = new Set([0x20, 0xe0]);
const tlsAlert = 0x15;
const maxShown = 40;

/** What servers of other protocols send to a client that speaks MQTT, or before it has said anything. */
const greetings: readonly (readonly [greeting: RegExp, seemsToBe: string])[] = [
  [/^HTTP\//, 'an HTTP server; for MQTT over web sockets begin mqtt.url with ws:// or wss://'],
  [/^\s*<(!doctype|html)/i, 'an HTTP server; for MQTT over web sockets begin mqtt.url with ws:// or wss://'],
  [/^SSH-/, 'an SSH server'],
  [/^AMQP/, "a broker's AMQP port; MQTT has a port of its own, usually 1883"],
  [/^(<\?xml|<stream)/, 'an XMPP server; MQTT has a port of its own, usually 1883'],
  [/^INFO \{/, "a NATS server's own protocol; MQTT has a port of its own, usually 1883"],
  [/^-ERR/, 'a Redis server'],
  [/^(220|421|554)[ -]/, 'a mail or FTP server'],
  [/^(\+OK|\* OK)/, 'a mail server'],
  [/^RFB /, 'a VNC server'],
];

/** Says that the first bytes of a connection are no MQTT, and what they seem to be; null: they are MQTT. */
export function foreignProtocol(bytes: Buffer, url: string): string | null {
  const [first = 0, second] = bytes;
  if (mqttFirstBytes.has(first)) return null;
  if (first === tlsAlert && second === 3)
    return `${url} does not speak MQTT without TLS: it answers with a TLS alert; begin mqtt.url with mqtts:// or wss://`;
  const text = bytes.toString('latin1', 0, maxShown);
  const known = greetings.find(([greeting]) => greeting.test(text));
  const shown = JSON.stringify(text.split(/[\r\n]/, 1)[0]!.replace(/[^\x20-\x7e]/g, '?'));
  const what = known ? `it seems to be ${known[1]}` : 'check the host and port of mqtt.url';
  return `${url} does not speak MQTT: it sends ${shown}; ${what}`;
}

/** Says what a connection without any answer may mean. @param isOpen whether the other side accepted it */
export function silence(url: string, isOpen: boolean, timeoutMs: number): string {
  const seconds = timeoutMs / 1000;
  return isOpen
    ? `${url} accepts the connection, but sends nothing for ${seconds} s: it does not speak MQTT, or requires TLS; check the port of mqtt.url, and whether it must begin with mqtts:// or wss://`
    : `${url} does not answer within ${seconds} s; check the network, and the host and port of mqtt.url`;
}
