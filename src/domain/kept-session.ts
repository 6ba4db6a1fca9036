/** owner: may change settings. viewer: may look. */
export const windowRoles = ['owner', 'viewer'] as const;

export type WindowRole = (typeof windowRoles)[number];

/** A login to the window. Times are in milliseconds since 1970. */
export interface KeptSession {
  /** Of the token that only the browser has. */
  readonly digest: string;
  readonly role: WindowRole;
  /** A digest of the password's hash: another password ends the session. */
  readonly password: string;
  readonly startedAtMs: number;
  readonly usedAtMs: number;
}
