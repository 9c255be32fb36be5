import { startExport } from '../../shared/export/start-export.ts'
import type { Caller } from '../../shared/jobs/identity.ts'
import type { ExportRequest } from '../../shared/jobs/job.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import type { Services } from '../../shared/runtime/services.ts'
import type { ExportParameters } from './export-parameters.ts'
import { archiveAnswer, waitedAnswer } from './job-answers.ts'
import type { Answer } from '../handlers/route.ts'

/** Starts an export, waits as long as the caller wants to, and answers with the result, the archive, or the running job. */
export const exportAnswer = async (
  services: Services,
  request: ExportRequest,
  { waitSeconds, redirect }: ExportParameters,
  caller: Caller,
): Promise<Answer> => {
  const { job_id } = await startExport(services, request, caller)
  const job = await waitForEnd(services.jobs, job_id, waitSeconds)
  return redirect ? archiveAnswer(services, job) : waitedAnswer(services, job)
}
