import { type CommandTree, flattenTree } from './command-tree.ts';

/** Completion of commands and options for zsh, a function for its `fpath`. For values and files, zsh completes file names. */
export function zshCompletion(tree: CommandTree): string {
  const [program = ''] = tree.path;
  const commands = flattenTree(tree);
  const names = commands.slice(1).map(({ path }) => quoted(path.slice(1).join(' ')));
  const cases = commands.flatMap(({ path, commands: below, options }) => {
    const offered = below.map((command) => entry(command.path.at(-1)!, command.description));
    const flags = options.flatMap((option) => option.names.map((name) => entry(name, option.description)));
    const withValue = options.filter(({ takesValue }) => takesValue).flatMap((option) => option.names);
    return [
      `    ${quoted(path.slice(1).join(' '))})`,
      `      commands=(${offered.join(' ')})`,
      `      options=(${flags.join(' ')})`,
      `      valued=(${withValue.join(' ')})`,
      '      ;;',
    ];
  });
  return `#compdef ${program}
# zsh completion for ${program}; made from its commands
_${program}() {
  local command='' next i
  local -a commands options valued
  for ((i = 2; i < CURRENT; i++)); do
    next="\${command:+$command }\${words[i]}"
    case $next in
      (${names.join('|')}) command=$next ;;
    esac
  done
  case $command in
${cases.join('\n')}
  esac
  if ((\${valued[(Ie)\${words[CURRENT - 1]}]})); then
    _files
  elif [[ \${words[CURRENT]} == -* ]]; then
    _describe option options
  elif (($#commands)); then
    _describe command commands
  else
    _files
  fi
}
_${program} "$@"
`;
}

/** As `_describe` takes it: `name:description`. */
function entry(name: string, description: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${description}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
