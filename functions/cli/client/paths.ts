import { modelName } from '../../../shared/archive/index-line.ts'
import { UsageError } from '../usage-error.ts'

/** The ids of all jobs match it: UUIDs, and the ids of scheduled jobs. */
const JOB_ID = /^[\w-]{1,80}$/
const SCHEDULE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/

export const isJobId = (text: string): boolean => JOB_ID.test(text)

/**
 * Returns the path of a job, or of something that belongs to it. Throws `UsageError` if the text cannot be the id of a
 * job. `fetch` would remove a segment such as `..` from the path, so that it would be that of another route.
 */
export const jobPath = (jobId: string, part?: 'cancel' | 'differences'): string => {
  if (!isJobId(jobId))
    throw new UsageError(
      `job: ${JSON.stringify(jobId)} is not the id of a job; ` +
        'an id has 1 to 80 letters, digits, - or _, and specstar-backup jobs lists the jobs',
    )
  return `/_backup/jobs/${jobId}${part === undefined ? '' : `/${part}`}`
}

/** Returns the path of an action of a schedule. Throws `UsageError` if the text cannot be the name of a schedule. */
export const schedulePath = (name: string, action: 'run' | 'pause' | 'resume'): string => {
  if (!SCHEDULE_NAME.test(name))
    throw new UsageError(
      `schedule: ${JSON.stringify(name)} is not the name of a schedule; a name has 1 to 40 letters, digits, - or _, ` +
        'and specstar-backup schedules list lists the schedules',
    )
  return `/_backup/schedules/${name}/${action}`
}

/** Throws `UsageError` if the text, which belongs to an option, cannot be the name of a model. */
export const checkModelName = (model: string, option: '--model' | '--only'): void => {
  if (!modelName.safeParse(model).success)
    throw new UsageError(
      `${option}: ${JSON.stringify(model)} is not the name of a model; ` +
        'a name begins with a letter and has at most 63 letters, digits, _ or -',
    )
}

/** Returns the path for restores of a model. Throws `UsageError` if the text cannot be the name of a model. */
export const modelImportPath = (model: string): string => {
  checkModelName(model, '--model')
  return `/${model}/import`
}
