import { setTimeout as sleep } from 'node:timers/promises'
import { Command, CommanderError, Option } from 'commander'
import { withCallBudget } from '../../shared/throttling/call-context.ts'
import { isArchiveFault } from '../../shared/archive/errors.ts'
import { errorMessage } from '../../shared/values/error-message.ts'
import { ApiClient } from './client/api-client.ts'
import { credentialsOf } from './client/credentials.ts'
import { ProblemError } from './client/errors.ts'
import { requestSender } from './client/send-request.ts'
import { resolveSettings, type SettingFlags } from './client/settings.ts'
import { type CliCommand, type CommandContext } from './command.ts'
import { COMMANDS, GROUPS } from './commands.ts'
import { DamagedArchiveError, NoSuchFileError, NotInArchiveError } from './archives/errors.ts'
import { errorProblem } from './error-problem.ts'
import { EXIT, EXIT_CODES_HELP, type ExitCode, isInterrupted } from './exit-codes.ts'
import { camelCase, fieldNames } from './field-name.ts'
import { InterruptedError } from './interrupted-error.ts'
import { RepeatableOption } from './options.ts'
import { BUDGET } from './run-command.ts'
import type { EndingSignal, Io } from './terminal/io.ts'
import { Output } from './terminal/output.ts'
import { failureOf, flushed, isBrokenPipe, isFailureOf, watchStream } from './terminal/written-stream.ts'
import { UsageError } from './usage-error.ts'
import { commandVersion } from './version.ts'

/** Runs `specstar-backup` with the given arguments. Returns the exit code. Never throws. */
export const runCli = async (args: readonly string[], io: Io): Promise<ExitCode> => {
  let code: ExitCode = EXIT.succeeded
  // Until a command runs, its options are unknown.
  let output: Output | undefined
  const program = createProgram(io, versionText(args), async (command, context, input) => {
    output = context.output
    code = await withCallBudget(BUDGET, () => command.run(context, input))
  })
  watchStream(io.stdout)
  watchStream(io.stderr)
  const outputOfErrors = (): Output => output ?? new Output(io, { json: program.opts()['json'] === true })
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    code = isFailureOf(io.stdout, error) ? EXIT.brokenPipe : reportError(error, outputOfErrors(), io.endingSignal?.())
  }
  await (isInterrupted(code) ? Promise.race([flushed(io.stdout), sleep(FLUSH_MS)]) : flushed(io.stdout))
  const failure = failureOf(io.stdout)
  // A reader such as `head` closes the pipe before the end of the output. The result of the command is still its own.
  if (failure === undefined || isBrokenPipe(failure)) return code
  const message = `stdout cannot be written: ${errorMessage(failure)}`
  outputOfErrors().error(errorProblem(new Error(message)), `${outputOfErrors().styleNote('red', 'error')}: ${message}`)
  return EXIT.error
}

/** The longest time in which an interrupted command writes the rest of its output. Its reader may have stopped. */
const FLUSH_MS = 1_000

const versionText = (args: readonly string[]): string =>
  args.includes('--json') ? JSON.stringify({ version: commandVersion() }) : commandVersion()

type Execute = (command: CliCommand, context: CommandContext, input: unknown) => Promise<void>

/** Returns the program with all commands of the table. `execute` is called for the command that the user has chosen. */
const createProgram = (io: Io, version: string, execute: Execute): Command => {
  const program = new Command('specstar-backup')
    .description('Backs up and restores the resources of a SpecStar deployment.')
    .addHelpText('after', `\n${EXIT_CODES_HELP}`)
  for (const option of GLOBAL_OPTIONS) addOption(program, option)
  program.version(version, '--version', 'print the version of this command')
  prepare(program, io)
  const groups = new Map<string, Command>()
  for (const command of COMMANDS) {
    const words = command.name.split(' ')
    const [group = ''] = words
    const parent = words.length === 1 ? program : (groups.get(group) ?? prepare(program.command(group), io))
    if (words.length > 1) groups.set(group, describe(parent, { summary: GROUPS[group] ?? '' }))
    addCommand(parent, words.at(-1) ?? '', command, io, execute)
  }
  return program
}

/** The options that all commands have, besides `--version` and `--help`. */
const GLOBAL_OPTIONS: readonly Option[] = [
  new Option('--endpoint <url>', 'the URL of the API (default: the local program, http://127.0.0.1:3000)'),
  new Option('--region <region>', 'the AWS region of the API (default: from its host name)'),
  new Option('--profile <profile>', 'the AWS profile whose credentials sign the requests'),
  new Option('--s3-endpoint <url>', 'the URL of S3 (default: that of the region, or of the local program)'),
  new Option('--config <file>', 'the settings file (default: ~/.config/specstar-backup.json)'),
  new Option('--json', 'print results as JSON, one object a line'),
  new Option('--show-urls', 'print presigned URLs with their signatures, with which anybody can read the archive'),
]
/** The names of these options, which are not part of the input of a command. */
const GLOBAL = [...GLOBAL_OPTIONS.map((option) => option.attributeName()), 'version']

const addCommand = (parent: Command, name: string, command: CliCommand, io: Io, execute: Execute): void => {
  const added = describe(prepare(parent.command(name), io), command)
  for (const argument of command.arguments ?? []) added.addArgument(argument)
  for (const option of command.options ?? []) addOption(added, option)
  added.addHelpText(
    'after',
    `\nExamples:\n${command.examples.map((example) => `  specstar-backup ${example}`).join('\n')}`,
  )
  added.action(async () => {
    const all: Readonly<Record<string, unknown>> = added.optsWithGlobals()
    const own = Object.entries(all).filter(([option]) => !GLOBAL.includes(option))
    const given = added.registeredArguments.map((argument, index): [string, unknown] => [
      camelCase(argument.name()),
      added.processedArgs[index],
    ])
    await execute(command, contextOf(io, all, rootOf(added), command), Object.fromEntries([...given, ...own]))
  })
}

/**
 * Adds an option to a command. An empty value is rejected, and also a second value, unless the option is repeatable. By
 * default, commander accepts both, and uses the last value.
 */
const addOption = (added: Command, option: Option): void => {
  added.addOption(option)
  if (!option.required) return
  let isGiven = false
  added.on(`option:${option.name()}`, (value: string) => {
    if (value === '') throw new UsageError(`${option.long}: must not be empty`)
    if (option instanceof RepeatableOption) return
    if (isGiven) throw new UsageError(`${option.long}: is given twice, but accepts only one value; remove one of them`)
    isGiven = true
  })
}

/** Makes a command throw instead of ending the process, and write to the streams of `io`. */
const prepare = (command: Command, { stdout, stderr }: Io): Command =>
  command
    .exitOverride((error) => {
      // Without a command, commander has printed the help.
      if (error.exitCode === 0 || error.code === 'commander.help') throw error
      throw new UsageError([error.message.replace(/^error: /, ''), ...allowed(command, error)].join('\n'))
    })
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // `reportError` writes the messages of errors.
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })

/** Returns a line that lists what is allowed, if the message of the error does not. */
const allowed = (command: Command, { code }: CommanderError): readonly string[] => {
  if (code === 'commander.unknownCommand')
    return [`Commands: ${command.commands.map((child) => child.name()).join(', ')}.`]
  if (code !== 'commander.unknownOption') return []
  const own = command.createHelp().visibleOptions(command)
  const global = command.createHelp().visibleGlobalOptions(command)
  return [`Options: ${[...own, ...global].map(({ long }) => long).join(', ')}.`]
}

const describe = (added: Command, { summary, details }: Pick<CliCommand, 'summary' | 'details'>): Command =>
  added
    .summary(summary)
    .description(
      [`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, ...(details === undefined ? [] : [details])].join(
        '\n\n',
      ),
    )

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent))

const contextOf = (
  io: Io,
  options: Readonly<Record<string, unknown>>,
  program: Command,
  command: CliCommand,
): CommandContext => {
  const flags: SettingFlags = Object.fromEntries(
    (['endpoint', 'region', 'profile', 's3Endpoint', 'config'] as const).flatMap((name) =>
      typeof options[name] === 'string' ? [[name, options[name]]] : [],
    ),
  )
  const settings = once(() => resolveSettings(flags, io.env))
  return {
    io,
    output: new Output(io, {
      json: options['json'] === true,
      showUrls: options['showUrls'] === true,
      fieldName: fieldNames(command),
    }),
    settings,
    program,
    api: once(() => new ApiClient(requestSender(settings(), credentialsOf(settings())))),
  }
}

const once = <T>(create: () => T): (() => T) => {
  let created: { readonly value: T } | undefined
  return () => (created ??= { value: create() }).value
}

/** Writes an error, and returns the exit code that belongs to it. */
const reportError = (error: unknown, output: Output, signal?: EndingSignal): ExitCode => {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.succeeded : EXIT.usage
  }
  if (error instanceof UsageError) {
    output.error(
      errorProblem(error),
      `${output.styleNote('red', 'error')}: ${error.message}\nThe option --help describes the arguments and options.`,
    )
    return EXIT.usage
  }
  if (error instanceof InterruptedError) {
    // The id of the job is a result, because a script needs it.
    if (output.json && error.jobId !== undefined) output.show({ job_id: error.jobId, interrupted: true }, () => '')
    else output.note(error.message, { interrupted: true, detail: error.message })
    return signal === undefined ? EXIT.interrupted : SIGNAL_CODES[signal]
  }
  if (error instanceof ProblemError) {
    const { problem } = error
    output.error(problem, `${output.styleNote('red', 'error')}: ${output.problemText(problem)}`)
    if (problem.type === 'verification-failed') return EXIT.verificationFailed
    return USAGE_PROBLEMS.includes(problem.type) ? EXIT.usage : EXIT.error
  }
  // Further lines are indented, so that none of them looks like a message of this command.
  const message = errorMessage(error)
  output.error(errorProblem(error), `${output.styleNote('red', 'error')}: ${message.replaceAll('\n', '\n  ')}`)
  if (error instanceof DamagedArchiveError || isArchiveFault(error)) return EXIT.verificationFailed
  return error instanceof NoSuchFileError || error instanceof NotInArchiveError ? EXIT.usage : EXIT.error
}

const SIGNAL_CODES = { SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const

/** Problems that a parameter of the request has caused, which the user has passed, or that concern what it names. */
const USAGE_PROBLEMS = ['invalid-request', 'filters-exclusive', 'unknown-model', 'unknown-job', 'unknown-schedule']
