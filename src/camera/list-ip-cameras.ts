import { messageOf } from '../domain/errors.ts';
import type { Login } from './login.ts';
import { type OnvifStreams, readOnvifStreams } from './onvif-streams.ts';
import { type DiscoveredDevice, discoverDevices } from './ws-discovery.ts';

/** A camera of the local network that speaks ONVIF. */
export interface IpCamera extends OnvifStreams, Omit<DiscoveredDevice, 'service'> {
  /** Its ONVIF device service. */
  readonly address: string;
  /** Why its streams are not known; null: they are. */
  readonly fault: string | null;
}

/** Devices answer within half a second, and after a lost probe a second later. */
const discoveryMs = 2500;
const maxCameraMs = 15_000;

/** Finds the IP cameras of the local networks and asks each for its streams, with a login for all if there is one. */
export async function listIpCameras(login: Login | null, signal: AbortSignal): Promise<IpCamera[]> {
  const devices = await discoverDevices(discoveryMs, signal);
  return Promise.all(
    devices.map(async ({ service, ...device }) => {
      const camera = { ...device, address: service.href };
      const limit = AbortSignal.any([signal, AbortSignal.timeout(maxCameraMs)]);
      try {
        return { ...camera, ...(await readOnvifStreams(service, login, limit)), fault: null };
      } catch (error) {
        signal.throwIfAborted();
        const fault = limit.aborted ? `no answer within ${maxCameraMs / 1000} s` : messageOf(error);
        return { ...camera, streams: [], pictureUrl: null, fault };
      }
    }),
  );
}
