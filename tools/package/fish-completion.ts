import { type CommandTree, flattenTree } from './command-tree.ts';

/** Completion of commands and options for fish. For values and files, fish completes file names. */
export function fishCompletion(tree: CommandTree): string {
  const [program = ''] = tree.path;
  const commands = flattenTree(tree);
  const names = commands.slice(1).map(({ path }) => quoted(path.slice(1).join(' ')));
  const lines = commands.flatMap(({ path, commands: below, options }) => {
    const rule = `complete -c ${program} -n ${quoted(`__${program}_is ${quoted(path.slice(1).join(' '))}`)}`;
    return [
      ...below.map((command) => `${rule} -f -a ${command.path.at(-1)} -d ${quoted(command.description)}`),
      ...options.map((option) => {
        const flags = option.names.map((name) =>
          name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        return `${rule} ${flags.join(' ')}${option.takesValue ? ' -r' : ''} -d ${quoted(option.description)}`;
      }),
    ];
  });
  return `# fish completion for ${program}; made from its commands
function __${program}_is
  set -l words (commandline -opc)
  set -l command ''
  for word in $words[2..-1]
    set -l next (string trim "$command $word")
    if contains -- $next ${names.join(' ')}
      set command $next
    end
  end
  test "$command" = "$argv[1]"
end
${lines.join('\n')}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
