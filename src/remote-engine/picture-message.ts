import type { Picture } from '../domain/frame.ts';
import { imageFileOf, imageTypeOf } from '../system/image-file.ts';

/** A picture as an address that contains it. */
export async function dataUrlOf(picture: Picture): Promise<string> {
  const file = await imageFileOf(picture);
  return `data:${imageTypeOf(file) ?? 'image/jpeg'};base64,${file.toString('base64')}`;
}

/** A message of the user in OpenAI's form. @param image a data: address */
export function questionAbout(image: string, words: string): object {
  const content = [
    { type: 'image_url', image_url: { url: image } },
    { type: 'text', text: words },
  ];
  return { role: 'user', content };
}
