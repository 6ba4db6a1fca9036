import { Agent, get, type IncomingMessage } from 'node:http';

/** What a page does that is left open on the view Now: it follows the events, and gets the picture of each description. */
export class OpenPage {
  /** Observations that it has heard of. */
  observations = 0;
  pictures = 0;
  isOpen = true;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });

  private constructor(url: string) {
    this.#url = url;
  }

  /** @param isReading false: it never reads what it is sent */
  static async open(port: number, isReading = true): Promise<OpenPage> {
    const page = new OpenPage(`http://127.0.0.1:${port}/window`);
    const events = await page.#get('events');
    events.on('close', () => {
      page.isOpen = false;
    });
    events.on('error', () => {});
    if (isReading) page.#follow(events.setEncoding('utf8'));
    return page;
  }

  close(): void {
    this.#agent.destroy();
  }

  #follow(events: IncomingMessage): void {
    let text = '';
    events.on('data', (piece: string) => {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, data] = /^event: observation\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        if (data !== undefined) this.#observe(JSON.parse(data).payload.id);
        text = text.slice(end + 2);
      }
    });
  }

  #observe(id: string): void {
    this.observations++;
    this.#get(`pictures/${id}`).then(
      (picture) =>
        picture
          .on('end', () => {
            if (picture.statusCode === 200) this.pictures++;
          })
          .on('error', () => {})
          .resume(),
      () => {},
    );
  }

  #get(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      get(`${this.#url}/${path}`, { agent: this.#agent }, resolve).on('error', reject);
    });
  }
}
