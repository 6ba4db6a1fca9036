/** A request that the daemon refused, or that did not reach it (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Paths are relative to the page, so that a proxy may put it anywhere. */
export function get<Result>(path: string): Promise<Result> {
  return ask(path, { method: 'GET' });
}

export function post<Result>(path: string, body: unknown): Promise<Result> {
  return ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function ask<Result>(path: string, init: RequestInit): Promise<Result> {
  const response = await fetch(`window/${path}`, { ...init, credentials: 'same-origin' }).catch(() => null);
  if (!response) throw new ApiError(0, 'unreachable', '');
  // A proxy may answer with a page of its own.
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as Result;
  const { code, message } = (answer ?? {}) as { code?: unknown; message?: unknown };
  throw new ApiError(response.status, String(code ?? 'failed'), String(message ?? response.statusText));
}

/** Only the newest picture of a camera is wanted, so its address changes with each look. */
export function liveAddress(camera: string, look: string | number): string {
  return `window/cameras/${encodeURIComponent(camera)}/live?look=${encodeURIComponent(look)}`;
}

export function thumbnailAddress(number: number): string {
  return `window/history/${number}`;
}

export function pictureAddress(id: string): string {
  return `window/pictures/${encodeURIComponent(id)}`;
}

/** A picture that was kept to be labelled. */
export function labelPictureAddress(camera: string, id: string): string {
  return `window/labels/${encodeURIComponent(camera)}/${encodeURIComponent(id)}`;
}
