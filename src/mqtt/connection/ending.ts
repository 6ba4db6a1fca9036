/** How an attempt to connect, or the resulting connection, ended. */
export interface Ending {
  /** Duration of the connection; 0: there was none. */
  readonly connectedMs: number;
  /** null: the other side closed it without an error. */
  readonly error: Error | null;
  /** From the broker's DISCONNECT; null: it sent none. */
  readonly reasonCode: number | null;
  /** Nothing sent over the connection can be why it ended: all was acknowledged, the last of it a while ago. */
  readonly wasQuiet: boolean;
}

/** MQTT 5: another client has connected with the same id. */
export const sessionTakenOver = 0x8e;
