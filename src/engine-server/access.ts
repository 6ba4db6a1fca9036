import type { RequestHead } from '../system/listen-address.ts';
import { accessFault } from '../system/token-access.ts';
import { ServedError } from './served-error.ts';

/**
 * Checks the token of a request.
 * @param token null: none is needed, as only loopback is served
 * @throws ServedError 401 or 403
 */
export function checkAccess(request: RequestHead, token: string | null): void {
  const fault = accessFault(request, token);
  if (!fault) return;
  const code = fault.status === 401 ? { code: 'invalid_api_key' } : {};
  throw new ServedError(fault.status, fault.message, code);
}
