import { isArchiveFault } from '../../shared/archive/errors.ts'
import { type Problem, problemOf } from '../../shared/problems/problem.ts'
import { errorMessage } from '../../shared/values/error-message.ts'
import { DamagedArchiveError, NoSuchFileError, NotInArchiveError } from './archives/errors.ts'
import { ProblemError, UnreachableError } from './client/errors.ts'
import { UsageError } from './usage-error.ts'

/** The problems that only the command has. `status` is that of a similar problem of the API. */
const OWN_PROBLEMS = [
  { error: UsageError, type: 'usage', status: 400, title: 'The arguments or the settings are not valid' },
  { error: NoSuchFileError, type: 'no-such-file', status: 404, title: 'There is no such file' },
  { error: NotInArchiveError, type: 'not-in-archive', status: 404, title: 'The archive does not contain it' },
  { error: UnreachableError, type: 'request-failed', status: 503, title: 'A request has failed' },
] as const

const FAILED = { type: 'command-failed', status: 500, title: 'The command has failed' } as const

/**
 * Returns the problem document of an error with which a command fails. The problem of the API is returned as it is. An
 * error of the command itself becomes a problem of one of the types above, or of the type that the API uses for the
 * same error.
 */
export const errorProblem = (error: unknown): Problem => {
  if (error instanceof ProblemError) return error.problem
  const detail = errorMessage(error)
  const own = OWN_PROBLEMS.find((row) => error instanceof row.error)
  if (own !== undefined) return { type: own.type, title: own.title, status: own.status, detail }
  const damage = error instanceof DamagedArchiveError ? error.cause : error
  return isArchiveFault(damage) ? { ...problemOf(damage), detail } : { ...FAILED, detail }
}
