import { type Channel, contract } from '../../src/contract/contract.ts';

/** The channel of the contract that a topic is of. */
export function channelOf(topic: string): Channel | undefined {
  return Object.values(contract).find(({ address }) =>
    new RegExp(`^${address.replace(/\{\w+\}/g, '[\\w-]+')}$`).test(topic),
  );
}
