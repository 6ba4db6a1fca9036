import type { IPublishPacket } from 'mqtt';

export interface Message {
  readonly topic: string;
  readonly payload: string | Buffer;
  /** 1: publishing resolves when the broker has acknowledged it. */
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** MQTT 5 properties, such as the correlation data of a response. */
  readonly properties?: IPublishPacket['properties'];
  /** Called if the broker says that the message has no subscriber. Few brokers do (MQTT 5, reason code 0x10). */
  readonly onUnheard?: () => void;
}
