import type { IConnackPacket } from 'mqtt';

/** The limits in a broker's CONNACK (MQTT 5, 3.2.2.3); MQTT 3.1.1 has none. */
export interface BrokerLimits {
  /** Maximum number of unacknowledged publishes. */
  readonly receiveMaximum: number;
  /** Infinity: no limit announced. */
  readonly maximumPacketBytes: number;
  readonly maximumQos: 0 | 1;
  readonly retainAvailable: boolean;
  readonly wildcardAvailable: boolean;
  readonly sharedAvailable: boolean;
}

/** If the broker allows more or sets no limit: enough for any speed, and little to send again. */
const maxUnacknowledged = 20;

export function brokerLimits({ properties = {} }: IConnackPacket): BrokerLimits {
  return {
    receiveMaximum: Math.min(properties.receiveMaximum ?? maxUnacknowledged, maxUnacknowledged),
    maximumPacketBytes: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    maximumQos: properties.maximumQoS === 0 ? 0 : 1,
    retainAvailable: properties.retainAvailable ?? true,
    wildcardAvailable: properties.wildcardSubscriptionAvailable ?? true,
    sharedAvailable: properties.sharedSubscriptionAvailable ?? true,
  };
}
