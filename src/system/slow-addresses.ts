import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/**
 * Time for one address of a name that has several. Node's 250 ms are too few for a Wi-Fi device that sleeps, a VPN or a
 * distant hub, and after them Node never returns to that address: https://github.com/nodejs/node/issues/54359
 * With this, one lost packet is sent again in time (after a second).
 */
export const attemptTimeoutMs = 2000;

/** Lets every connection of this process, those of fetch included, wait this long for each address of a name. */
export function waitForSlowAddresses(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(attemptTimeoutMs);
}
