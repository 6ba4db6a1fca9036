import { type Channel, contract } from '../../src/contract/contract.ts';

/** The contract's channel of a topic. */
export function channelOf(topic: string): Channel | undefined {
  return Object.values(contract).find(({ address }) =>
    new RegExp(`^${address.replace(/\{\w+\}/g, '[\\w-]+')}$`).test(topic),
  );
}
