import { quote } from '../values/message-text.ts'

export class UnknownScheduleError extends Error {
  override readonly name = 'UnknownScheduleError'
  readonly schedule: string
  /** The names of all schedules of the deployment. */
  readonly schedules: readonly string[]

  constructor(name: string, known: readonly string[]) {
    super(`schedule ${quote(name)} does not exist (schedules of this deployment: ${known.join(', ') || 'none'})`)
    this.schedule = name
    this.schedules = known
  }
}

/** The number of resources in a decision about an archive differs from the number of resources in the archive. */
export class ConfirmationMismatchError extends Error {
  override readonly name = 'ConfirmationMismatchError'
  readonly given: number
  readonly actual: number

  constructor(jobId: string, given: number, actual: number) {
    super(
      `resources: the archive of job ${jobId} contains ${actual} resources, not ${given}; ` +
        `check that this is the right archive, and repeat the request with resources ${actual}`,
    )
    this.given = given
    this.actual = actual
  }
}
