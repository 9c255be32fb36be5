import process from 'node:process'
import { Command } from 'commander'
import { EXIT } from '../../functions/cli/exit-codes.ts'

/**
 * Describes a command of the local program, such as `npm run seed`. `--help` prints its description, options and
 * examples. Other options and arguments are rejected with exit code 2, before the command changes anything.
 */
export const localCommand = (
  script: string,
  { description, examples = [] }: { readonly description: string; readonly examples?: readonly string[] },
): Command =>
  new Command(script === 'start' ? 'npm start --' : `npm run ${script} --`)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
    .exitOverride(({ exitCode }) => {
      process.exit(exitCode === 0 ? EXIT.succeeded : EXIT.usage)
    })
    .showHelpAfterError('The option --help lists all options.')
    .addHelpText('after', examples.length === 0 ? '' : `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
