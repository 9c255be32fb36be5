import * as z from 'zod'
import type { Caller } from '../../shared/jobs/identity.ts'
import { text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import type { PauseRequest } from '../../shared/schedules/pause-schedule.ts'
import { MAX_PAUSE_DAYS, MAX_REASON_CHARACTERS } from '../../shared/schedules/schedule-record.ts'
import type { HttpRequest } from './http-request.ts'
import { callerOf, parametersOf, rejectParameters } from './route-input.ts'
import { wait } from './wait-parameter.ts'

export const RunParameters = z.strictObject({ wait: wait() })
export const PauseParameters = z.strictObject({
  days: wholeNumber('a whole number of days', 1, MAX_PAUSE_DAYS)
    .default(MAX_PAUSE_DAYS)
    .describe('The number of days after which the pause ends by itself'),
  reason: z
    .exactOptional(
      text()
        .min(1, 'must not be empty')
        .max(MAX_REASON_CHARACTERS, `must be at most ${MAX_REASON_CHARACTERS} characters long`)
        .refine((value) => value.isWellFormed(), 'must be valid Unicode'),
    )
    .describe('The reason of the pause'),
})

/** A validated request to run a schedule. */
interface RunInput {
  readonly schedule: string
  readonly waitSeconds: number
  readonly caller: Caller
}

/** Returns the schedule in the path. The settings may not contain it. */
const scheduleOf = ({ params }: HttpRequest): string => params['name'] ?? ''

/** Reads a request of `/_backup/schedules/{name}/run`. */
export const runInput = (request: HttpRequest): RunInput => {
  const { wait: waitSeconds } = parseParameters(RunParameters, parametersOf(request))
  return { schedule: scheduleOf(request), waitSeconds, caller: callerOf(request) }
}

/** Reads a request of `/_backup/schedules/{name}/pause`. */
export const pauseInput = (request: HttpRequest): { readonly pause: PauseRequest; readonly caller: string } => ({
  pause: { schedule: scheduleOf(request), ...parseParameters(PauseParameters, parametersOf(request)) },
  caller: request.caller,
})

/** Reads a request of `/_backup/schedules/{name}/resume`. It has no parameters. */
export const resumeInput = (request: HttpRequest): string => {
  rejectParameters(request)
  return scheduleOf(request)
}
