import type { IConnackPacket } from 'mqtt';

/** What a broker said of itself when it accepted the connection (MQTT 5, 3.2.2.3); MQTT 3.1.1 brokers say nothing. */
export interface BrokerLimits {
  /** Publishes that may wait for their acknowledgement at one time. */
  readonly receiveMaximum: number;
  /** Infinity: it said nothing. */
  readonly maximumPacketBytes: number;
  readonly maximumQos: 0 | 1;
  readonly retainAvailable: boolean;
  readonly wildcardAvailable: boolean;
  readonly sharedAvailable: boolean;
}

/** Where the broker allows more, or is silent: enough for any speed, and little to send again. */
const mostUnacknowledged = 20;

export function brokerLimits({ properties = {} }: IConnackPacket): BrokerLimits {
  return {
    receiveMaximum: Math.min(properties.receiveMaximum ?? mostUnacknowledged, mostUnacknowledged),
    maximumPacketBytes: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    maximumQos: properties.maximumQoS === 0 ? 0 : 1,
    retainAvailable: properties.retainAvailable ?? true,
    wildcardAvailable: properties.wildcardSubscriptionAvailable ?? true,
    sharedAvailable: properties.sharedSubscriptionAvailable ?? true,
  };
}
