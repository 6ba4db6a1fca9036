import { type CommandTerm, type CommandTree, flattenTree } from './command-tree.ts';

export interface ManPageFacts {
  readonly version: string;
  /** The date of the source, so that the same source gives the same page. */
  readonly date: Date;
}

/** scenecast(1) as roff with the man macros: the commands as defined in commander, and the files and variables of the service. */
export function manPage(tree: CommandTree, { version, date }: ManPageFacts): string {
  const [program = ''] = tree.path;
  const lines = [
    `.TH ${program.toUpperCase()} 1 ${date.toISOString().slice(0, 10)} "${program} ${version}" "User Commands"`,
    '.SH NAME',
    `${program} \\- describe over MQTT what cameras see`,
    '.SH SYNOPSIS',
    `.B ${program}`,
    '.I command',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    roff(tree.description),
    '.SH COMMANDS',
  ];
  for (const command of flattenTree(tree).slice(1)) lines.push(...commandLines(command));
  lines.push('.SH OPTIONS', ...termLines(tree.options), closingSections);
  return `${lines.join('\n')}\n`;
}

function commandLines(command: CommandTree): string[] {
  const { path, description, options } = command;
  const words = command.arguments.map(({ term }) => term);
  // A command that only groups others needs no section.
  if (command.commands.length > 0 && options.every(({ names }) => names.includes('--help'))) return [];
  return [
    `.SS ${roff([path.slice(1).join(' '), ...words].join(' '))}`,
    `${roff(description.charAt(0).toUpperCase() + description.slice(1))}.`,
    ...termLines(command.arguments.filter((argument) => argument.description !== '')),
    ...termLines(options.filter(({ names }) => !names.includes('--help'))),
  ];
}

function termLines(terms: readonly CommandTerm[]): string[] {
  return terms.flatMap(({ term, description }) => ['.TP', `.B ${roff(term)}`, roff(description)]);
}

/** Escapes text so that roff sees no request, no escape and no typographic hyphen. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('"', '\\(dq')
    .replace(/^\./gm, '\\&.');
}

const closingSections = String.raw`.SH EXIT STATUS
.TP
.B 0
Success.
.TP
.B 1
A failure; standard error says why.
.TP
.B 64
The command line is wrong.
.TP
.B 78
The configuration, or a file that it names, is wrong. A restart would not help, so systemd does not restart the service.
.SH ENVIRONMENT
.TP
.B STATE_DIRECTORY
The folder of models and of descriptions that wait for the broker; systemd sets it for the service.
Without it: /var/lib/scenecast, the service\(aqs, which other users are not allowed to use.
.TP
.B CREDENTIALS_DIRECTORY
The folder where relative paths of the MQTT password, certificates and key are looked up first; systemd sets it for the service.
.TP
.B HF_TOKEN
A Hugging Face token for models that require a login.
.SH FILES
.TP
.I /etc/scenecast/config.yaml
The service\(aqs configuration.
.TP
.I /usr/lib/scenecast/config.example.yaml
Every key with its default, explained.
.TP
.I /var/lib/scenecast
The service\(aqs state: models, and descriptions that wait for the broker.
.SH EXAMPLES
Pull a model for the service; start the service now and at each boot:
.PP
.nf
.RS
sudo \-u scenecast scenecast models pull NAME
sudo systemctl enable \-\-now scenecast
.RE
.fi
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR mosquitto_sub (1);
/usr/share/doc/scenecast`;
