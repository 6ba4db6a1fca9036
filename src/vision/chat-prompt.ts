import { EngineError } from '../domain/errors.ts';

/** Where the picture goes in a rendered prompt. */
const pictureMark = '<__media__>';

/**
 * Vicuna v1, the conversation LLaVA-1.6 Vicuna was trained with. LLaVA GGUFs often carry no template.
 * Source: LLaVA's `conv_vicuna_v1`.
 */
const vicuna =
  "{% if messages[0]['role'] != 'system' %}A chat between a curious user and an artificial intelligence " +
  "assistant. The assistant gives helpful, detailed, and polite answers to the user's questions. {% endif %}" +
  "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] }} " +
  "{% elif message['role'] == 'user' %}USER: {{ message['content'] }} " +
  "{% else %}ASSISTANT: {{ message['content'] }}</s>{% endif %}{% endfor %}" +
  '{% if add_generation_prompt %}ASSISTANT:{% endif %}';

export interface ChosenTemplate {
  readonly source: 'config' | 'gguf' | 'vicuna';
  readonly jinja: string;
}

/** The template to speak with: the config's (a Jinja text, or the word `vicuna`), else the GGUF's own, else vicuna. */
export function chooseTemplate(configured: string | null, fromGguf: string | null): ChosenTemplate {
  if (configured !== null) {
    return { source: 'config', jinja: configured === 'vicuna' ? vicuna : configured };
  }
  if (fromGguf !== null) return { source: 'gguf', jinja: fromGguf };
  return { source: 'vicuna', jinja: vicuna };
}

/** Renders a Jinja chat template; llama.cpp's own engine in the daemon. */
export type RenderTemplate = (
  messages: readonly { role: string; content: string }[],
  jinja: string,
) => string;

/**
 * The text before the picture and the text after it, for one question. The two are tokenised apart, as LLaVA does:
 * the part before the picture is the same for every question, so that one picture serves them all.
 * @throws EngineError BAD_TEMPLATE where the template does not place the picture exactly once.
 */
export function renderPrompt(
  render: RenderTemplate,
  jinja: string,
  question: string,
): { before: string; after: string } {
  const words = question.replaceAll(pictureMark, '');
  const text = render([{ role: 'user', content: `${pictureMark}\n${words}` }], jinja);
  const [before, after, ...more] = text.split(pictureMark);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new EngineError(
      'BAD_TEMPLATE',
      `model.chat_template: the user's message must appear exactly once in what it renders; it rendered "${text}"`,
    );
  }
  return { before, after };
}
