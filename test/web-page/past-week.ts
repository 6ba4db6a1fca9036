import sharp from 'sharp';
import type { WindowCamera } from '../../src/contract/window.ts';
import { TestHistory } from '../store/history/fixture.ts';

const minuteMs = 60_000;
const everyMs = 7 * minuteMs;

export const weekQuestions: WindowCamera['questions'] = {
  gate_open: { name: null, ask: 'Is the gate open?', type: 'boolean', device_class: null, min_confidence: 0 },
  people: {
    name: 'People',
    ask: 'How many people are there?',
    type: 'integer',
    min: 0,
    max: 20,
    min_confidence: 0,
  },
  vehicle: {
    name: null,
    ask: 'Which vehicle is there?',
    type: 'enum',
    min_confidence: 0,
    values: ['none', 'car', 'van', 'bicycle'],
  },
};

/** What the porch shows at an hour of a day, from 0 to 24: its gate is open at seven, at noon and in the evening. */
function porchAt(
  hour: number,
  day: number,
): { text: string; answers: Record<string, string | number | boolean | null> } {
  const isOpen =
    (hour > 7 && hour < 8.2) || (hour > 12.1 && hour < 12.3) || (hour > 17 - day / 3 && hour < 19);
  const isDark = hour < 6 || hour > 21.5;
  const people = isOpen ? 1 + (Math.floor(hour * 7) % 3) : 0;
  const vehicle = hour > 8 && hour < 17 ? ['car', 'van', 'none', 'bicycle'][Math.floor(hour) % 4]! : 'none';
  const light = isDark ? 'in the dark' : 'in daylight';
  const gate = isOpen ? 'The wooden gate is open' : 'The wooden gate is closed';
  const others =
    people === 0
      ? 'and nobody is there'
      : `and ${people === 1 ? 'a person' : 'people'} with a parcel stand before it`;
  const [text, gate_open] = [
    `${gate} ${light}, ${others}.`,
    isDark && Math.floor(hour * 5) % 3 === 0 ? null : isOpen,
  ];
  return { text, answers: { gate_open, people, vehicle } };
}

/**
 * A history of two cameras, a description every seven minutes, up to a quarter of an hour ago; some have
 * pictures. It tells the same at any time of day: whatever the clock says, the newest is of eight in the evening.
 */
export async function weekOf(days: number): Promise<TestHistory> {
  const history = new TestHistory();
  const [open, closed] = [await pictureOf('#7a8c5a'), await pictureOf('#54616e')];
  const endMs = Date.now() - 15 * minuteMs;
  for (let atMs = endMs - days * 86_400_000; atMs <= endMs; atMs += everyMs) {
    const date = new Date(atMs);
    const hour = (24 * days + 20 - (endMs - atMs) / (60 * minuteMs)) % 24;
    // The camera is off then.
    if (hour > 2 && hour < 4.5) continue;
    const { text, answers } = porchAt(hour, Math.floor((endMs - atMs) / 86_400_000));
    const id = history.add({ camera: 'porch', text, answers, at: date.toISOString() });
    if (history.entries.length % 50 === 0) history.flush();
    if (hour > 6) history.writer.addThumbnail(id, text.includes('open') ? open : closed);
    if (Math.floor(atMs / everyMs) % 4 === 0)
      history.add({
        camera: 'yard',
        text: hour < 6 ? 'A cat sits in the yard.' : 'The yard is empty.',
        at: date.toISOString(),
      });
  }
  history.flush();
  return history;
}

async function pictureOf(background: string): Promise<Buffer> {
  return sharp({ create: { width: 320, height: 240, channels: 3, background } })
    .jpeg()
    .toBuffer();
}
