import { createHash, randomBytes } from 'node:crypto';
import { CameraError } from '../domain/errors.ts';
import { type HttpAnswer, HttpClient } from '../system/http-client.ts';
import { readAtMost } from '../system/read-at-most.ts';
import { answerError, requestError } from './http-fault.ts';
import { digestFor } from './http-login.ts';
import type { Login } from './login.ts';
import { elementsOf, textOf, xmlText } from './xml-elements.ts';

/** One of the streams of an IP camera. */
export interface OnvifStream {
  readonly profile: string;
  /** RTSP; without user and password. */
  readonly url: string;
  /** As the camera names it, such as H264; null: it does not say. */
  readonly codec: string | null;
  /** Such as 1920x1080. */
  readonly size: string | null;
}

export interface OnvifStreams {
  readonly streams: readonly OnvifStream[];
  /** Where a JPEG picture can be fetched, without user and password; null: nowhere. */
  readonly pictureUrl: string | null;
}

const headTimeoutMs = 8000;
const maxAnswerBytes = 512 * 1024;
const maxProfiles = 16;
const device = 'http://www.onvif.org/ver10/device/wsdl';
const media = 'http://www.onvif.org/ver10/media/wsdl';
const schema = 'http://www.onvif.org/ver10/schema';

/**
 * The streams of an ONVIF camera (profile S, Media 1). Rejects with a CameraError; it begins with `unauthorised` if the
 * camera wants a login, or another one.
 */
export async function readOnvifStreams(
  service: URL,
  login: Login | null,
  signal: AbortSignal,
): Promise<OnvifStreams> {
  const client = new HttpClient({ headTimeoutMs, trust: null });
  try {
    const call = await callerOf(client, service, login, signal);
    const capabilities = await call(
      service,
      `<GetCapabilities xmlns="${device}"><Category>Media</Category></GetCapabilities>`,
    );
    const mediaService = mediaServiceOf(capabilities, service);
    const answer = await call(mediaService, `<GetProfiles xmlns="${media}"/>`);
    const profiles = elementsOf(answer, 'Profiles').slice(0, maxProfiles);
    const streams: OnvifStream[] = [];
    let pictureUrl: string | null = null;
    for (const { attributes, content } of profiles) {
      const token = attributes.get('token') ?? '';
      const uri = uriOf(await call(mediaService, streamRequest(token)));
      const encoder = elementsOf(content, 'VideoEncoderConfiguration')[0]?.content ?? '';
      if (uri)
        streams.push({
          profile: textOf(content, 'Name') ?? token,
          url: uri,
          codec: textOf(encoder, 'Encoding'),
          size: sizeOf(encoder),
        });
      // Not all cameras have pictures; those that have none answer with a fault.
      pictureUrl ??= uriOf(await call(mediaService, pictureRequest(token)).catch(() => ''));
    }
    signal.throwIfAborted();
    return { streams, pictureUrl };
  } finally {
    client.close();
  }
}

type Call = (service: URL, body: string) => Promise<string>;

/** Calls a service: with a WS-Security digest of the password, and HTTP Digest for cameras that want that. */
async function callerOf(
  client: HttpClient,
  service: URL,
  login: Login | null,
  signal: AbortSignal,
): Promise<Call> {
  const skewMs = login ? await clockSkewMs(client, service, signal) : 0;
  return async (url, body) => {
    const envelope = envelopeOf(body, login && securityOf(login, skewMs));
    let answer = await post(client, url, envelope, {}, signal);
    // Never Basic: anything on the network may have answered the search, and would get the password.
    const digest = login && digestFor(answer.header('www-authenticate'), login);
    if (answer.status === 401 && digest) {
      await textIn(answer);
      const authorization = digest.authorization(`${url.pathname}${url.search}`, 'POST');
      answer = await post(client, url, envelope, { Authorization: authorization }, signal);
    }
    const text = await textIn(answer);
    if (answer.status === 401 || /NotAuthorized|FailedAuthentication|not authori[sz]ed/i.test(text))
      throw new CameraError(`unauthorised; the camera ${login ? 'refuses the login' : 'wants a login'}`);
    if (answer.status !== 200) throw answerError(answer, login !== null);
    if (!/Envelope/.test(text)) throw new CameraError('no ONVIF: the camera answered with something else');
    return text;
  };
}

/** How far the camera's clock is ahead of this board's: it refuses a digest that is a few seconds old. */
async function clockSkewMs(client: HttpClient, service: URL, signal: AbortSignal): Promise<number> {
  const body = envelopeOf(`<GetSystemDateAndTime xmlns="${device}"/>`, null);
  const answer = await textIn(await post(client, service, body, {}, signal));
  const [utc] = elementsOf(answer, 'UTCDateTime');
  const numbers = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'].map((name) =>
    Number(textOf(utc?.content ?? '', name) ?? Number.NaN),
  );
  const [year, month, ...rest] = numbers as [number, number, number, number, number, number];
  const atMs = Date.UTC(year, month - 1, ...rest);
  return Number.isNaN(atMs) ? 0 : atMs - Date.now();
}

async function post(
  client: HttpClient,
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const all = {
    'Content-Type': 'application/soap+xml; charset=utf-8',
    'User-Agent': 'scenecast',
    ...headers,
  };
  try {
    return await client.post(url, all, body, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw requestError(error);
  }
}

async function textIn({ body }: HttpAnswer): Promise<string> {
  const bytes = await readAtMost(body, maxAnswerBytes).catch((error: unknown) => {
    throw requestError(error);
  });
  if (!bytes) throw new CameraError('no ONVIF: the answer is too long');
  return bytes.toString('utf8');
}

function envelopeOf(body: string, security: string | null): string {
  const header = security === null ? '' : `<s:Header>${security}</s:Header>`;
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;
}

/** A UsernameToken with a digest (WS-Security UsernameToken Profile 1.0): the password itself is never sent. */
function securityOf({ username, password }: Login, skewMs: number): string {
  const nonce = randomBytes(16);
  const created = new Date(Date.now() + skewMs).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  const base = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';
  return [
    `<w:Security s:mustUnderstand="1" xmlns:w="${base}-wssecurity-secext-1.0.xsd" xmlns:u="${base}-wssecurity-utility-1.0.xsd">`,
    `<w:UsernameToken><w:Username>${xmlText(username)}</w:Username>`,
    `<w:Password Type="${base}-username-token-profile-1.0#PasswordDigest">${digest}</w:Password>`,
    `<w:Nonce EncodingType="${base}-soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</w:Nonce>`,
    `<u:Created>${created}</u:Created></w:UsernameToken></w:Security>`,
  ].join('');
}

function streamRequest(token: string): string {
  return [
    `<GetStreamUri xmlns="${media}"><StreamSetup><Stream xmlns="${schema}">RTP-Unicast</Stream>`,
    `<Transport xmlns="${schema}"><Protocol>RTSP</Protocol></Transport></StreamSetup>`,
    `<ProfileToken>${xmlText(token)}</ProfileToken></GetStreamUri>`,
  ].join('');
}

function pictureRequest(token: string): string {
  return `<GetSnapshotUri xmlns="${media}"><ProfileToken>${xmlText(token)}</ProfileToken></GetSnapshotUri>`;
}

/** The media service, on the host of the device service: behind an address translation cameras give another one. */
function mediaServiceOf(capabilities: string, service: URL): URL {
  const address = elementsOf(capabilities, 'Media')
    .map(({ content }) => textOf(content, 'XAddr'))
    .find((each) => each !== null && /^https?:\/\//i.test(each) && URL.canParse(each));
  if (!address) return service;
  const url = new URL(address);
  url.hostname = service.hostname;
  url.username = '';
  url.password = '';
  return url;
}

function uriOf(answer: string): string | null {
  const uri = textOf(answer, 'Uri');
  if (uri === null || !/^(rtsps?|https?):\/\/[^\s\p{Cc}]+$/iu.test(uri)) return null;
  return uri.replace(/^(\w+:\/\/)[^/@?#]*@/, '$1');
}

function sizeOf(encoder: string): string | null {
  const resolution = elementsOf(encoder, 'Resolution')[0]?.content ?? '';
  const [width, height] = [textOf(resolution, 'Width'), textOf(resolution, 'Height')];
  return width && height && /^\d+$/.test(width + height) ? `${width}x${height}` : null;
}
