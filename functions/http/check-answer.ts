import * as z from 'zod'
import type { Caller } from '../../shared/jobs/identity.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { ArchiveSourceRequest } from '../../shared/restore/request.ts'
import type { LocateArchiveServices } from '../../shared/restore/start/locate-archive.ts'
import { startCheck, type StartCheckServices } from '../../shared/restore/start/start-check.ts'
import type { Answer } from './answer.ts'
import { archiveSource, From } from './archive-source.ts'
import type { HttpRequest } from './http-request.ts'
import { jobAnswer } from './job-answers.ts'
import type { JobViewServices } from './job-view.ts'
import { callerOf, parametersOf } from './route-input.ts'
import { wait } from './wait-parameter.ts'

export const CheckParameters = z.strictObject({ from: From, wait: wait() })

/** A validated request for a check. */
interface CheckInput {
  readonly from: ArchiveSourceRequest
  readonly caller: Caller
  readonly waitSeconds: number
}

/** Reads and validates a request of `/_backup/check`. */
export const checkInput = (request: HttpRequest): CheckInput => {
  const { from, wait: waitSeconds } = parseParameters(CheckParameters, parametersOf(request, 'body'))
  return { from: archiveSource(from), caller: callerOf(request), waitSeconds }
}

/** Starts a check, and waits at most `waitSeconds` for its end. Returns the result or the running job. */
export const checkAnswer = async (
  { from, caller, waitSeconds }: CheckInput,
  services: JobViewServices & StartCheckServices & LocateArchiveServices,
): Promise<Answer> => {
  const { job_id } = await startCheck(services, from, caller)
  return jobAnswer(services, await waitForEnd(services, job_id, waitSeconds))
}
