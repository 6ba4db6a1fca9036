import type { IPublishPacket } from 'mqtt';

export interface Message {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** 1: resolves when the broker has acknowledged it. */
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Of MQTT 5, such as the correlation data of a reply. */
  readonly properties?: IPublishPacket['properties'];
}
