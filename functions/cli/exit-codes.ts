/** The exit codes of `specstar-backup`. `functions/cli/README.md` describes them. */
export const EXIT = {
  succeeded: 0,
  error: 1,
  usage: 2,
  partial: 3,
  verificationFailed: 4,
  cancelled: 5,
  differences: 6,
  hangup: 129,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Returns true if a signal has ended the command. */
export const isInterrupted = (code: ExitCode): boolean =>
  code === EXIT.hangup || code === EXIT.interrupted || code === EXIT.terminated

/** The meanings of the exit codes. */
const MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.succeeded, 'the command has succeeded'],
  [EXIT.error, 'an error occurred'],
  [EXIT.usage, 'the arguments, the settings or the request are not valid, or name something unknown'],
  [EXIT.partial, 'the job has succeeded partially: its result lists the exceptions'],
  [EXIT.verificationFailed, 'a verification failed, or an archive or a model registry is not valid'],
  [EXIT.cancelled, 'the job was cancelled, or its upload slot expired'],
  [EXIT.differences, 'differences were found (diff only)'],
  [EXIT.hangup, 'the terminal was closed; a job that the command has started goes on'],
  [EXIT.interrupted, 'Ctrl-C ended the command; a job that it has started goes on'],
  [EXIT.brokenPipe, 'the reader of the output, such as head, closed it before its end'],
  [EXIT.terminated, 'SIGTERM ended the command; a job that it has started goes on'],
]

/** The exit codes and their meanings, for the help. */
export const EXIT_CODES_HELP = [
  'Exit codes:',
  ...MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`),
].join('\n')
