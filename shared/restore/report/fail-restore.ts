import { endJob, type EndJobServices, publishJobEnded } from '../../jobs/end-job.ts'
import { explainFailure } from '../../jobs/explain-failure.ts'
import { archiveJob } from '../../jobs/find-job.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import type { FailInput, StageInput } from '../../jobs/messages.ts'
import { abortOpenUploads } from '../../jobs/upload-in-steps.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { readRequest } from '../read-request.ts'
import { hasOnlyRead, releaseLeases } from '../release-leases.ts'
import { reportFailedJob } from '../upload-report.ts'
import { isRolledBack } from './is-rolled-back.ts'
import { recordCheck, type RecordCheckServices } from './record-check.ts'

interface FailRestoreServices extends EndJobServices {
  readonly catalogue: RecordCheckServices['catalogue']
  readonly config: EndJobServices['config'] & RecordCheckServices['config']
  readonly leases: Leases
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Ends a restore or check that has failed. Stores the error in the job, and whether a rollback has ended. Releases the
 * leases of a restore, and aborts the unfinished uploads of the job. If the job has found damage, stores this in the
 * catalogue. If the archive was uploaded, also writes the error to the report next to the upload.
 */
export const failRestore = async (input: FailInput, services: FailRestoreServices): Promise<StageInput> => {
  const { job_id } = input
  const job = await archiveJob(services, job_id)
  const explained = await explainFailure(services, input)
  const error = job.kind === 'restore' && hasOnlyRead(job) ? withNothingWritten(explained) : explained
  if (job.kind === 'restore') await releaseLeases(services, job)
  const rolled_back = await isRolledBack(services, job)
  const ending = { status: 'failed', error, ...(rolled_back === undefined ? {} : { rolled_back }) } as const
  const failed = await endJob(services, job_id, ending, ['queued', 'running', 'failed'])
  // The job has ended, so no pass begins another upload.
  await abortOpenUploads(services, job_id)
  const { report_beside, archive } = readRequest(job)
  // If the job had already ended, for example because it was cancelled, its report already exists.
  if (failed !== undefined && report_beside !== undefined && archive !== undefined)
    await reportFailedJob(services, archive, job_id, error)
  await recordCheck(services, job)
  await publishJobEnded(services, job_id)
  return { job_id }
}

/** Adds that nothing was written to the detail of a problem, unless the detail already says so. */
const withNothingWritten = (problem: Problem): Problem =>
  /nothing was written|has written nothing/i.test(problem.detail)
    ? problem
    : { ...problem, detail: `${problem.detail}. Nothing was written` }
