import { Command } from 'commander'

/**
 * Describes a command of the local program, such as `npm run seed`. `--help` prints its description, options and
 * examples. Other options and arguments are rejected, before the command changes anything.
 */
export const localCommand = (
  script: string,
  { description, examples = [] }: { readonly description: string; readonly examples?: readonly string[] },
): Command =>
  new Command(script === 'start' ? 'npm start --' : `npm run ${script} --`)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .showHelpAfterError('The option --help lists all options.')
    .addHelpText('after', examples.length === 0 ? '' : `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
