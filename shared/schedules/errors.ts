import { errorMessage } from '../values/error-message.ts'
import { quote } from '../values/message-text.ts'
import type { FailedStep } from './attempt-all.ts'

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

/** A request to confirm or reject an archive contains a wrong number of resources. */
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

/** Some steps of a periodic run failed. This error is thrown after all steps of the run have been attempted. */
export class StepsFailedError extends Error {
  override readonly name = 'StepsFailedError'

  constructor(failures: readonly FailedStep[]) {
    super(
      `${failures.length} of the steps failed; all other steps were done. ` +
        failures.map(({ name, error }) => `${name}: ${errorMessage(error)}`).join('; '),
      { cause: failures[0]?.error },
    )
  }
}

/** The copy of a scheduled archive differs from the archive. */
export class ArchiveCopyError extends Error {
  override readonly name = 'ArchiveCopyError'

  constructor(archive: string, copy: string, fault: string) {
    super(`the copy ${copy} of archive ${archive} is not valid: ${fault}; the next run copies the archive again`)
  }
}

/** A check has found a scheduled archive damaged, so it is not copied. */
export class DamagedSourceError extends Error {
  override readonly name = 'DamagedSourceError'

  constructor(archive: string) {
    super(
      `a check has found the archive ${archive} damaged; it is not copied, and its earlier copy is not replaced. ` +
        'Replace it with a valid copy or an earlier version of the object, or delete it',
    )
  }
}

/** A scheduled archive cannot be opened, so it is not copied, and its copy cannot be checked. */
export class ArchiveUnreadableError extends Error {
  override readonly name = 'ArchiveUnreadableError'

  constructor(archive: string) {
    super(
      `the archive ${archive} cannot be opened, because its trailer or its manifest cannot be read; ` +
        'no copy of it is made. Replace it with a valid copy or an earlier version of the object, or delete it',
    )
  }
}

/** The copy of a scheduled archive is not finished after seven days. The next runs begin or continue it. */
export class ArchiveCopyLateError extends Error {
  override readonly name = 'ArchiveCopyLateError'

  constructor(copy: string, size: number) {
    super(
      `the copy ${copy} of ${size} bytes is not finished after 7 days; the next runs begin or continue it. ` +
        'Make smaller or fewer archives, because a run copies about 1 TB',
    )
  }
}
