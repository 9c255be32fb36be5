import { startExport } from '../../shared/export/start-export.ts'
import type { Caller } from '../../shared/jobs/identity.ts'
import type { ExportRequest } from '../../shared/jobs/job-request.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import type { WorkflowEngine } from '../../shared/jobs/workflow-engine.ts'
import type { Answer } from './answer.ts'
import type { ExportParameters } from './export-parameters.ts'
import { archiveAnswer, jobAnswer } from './job-answers.ts'
import type { JobViewServices } from './job-view.ts'

/** A validated request for an export. */
interface ExportInput {
  readonly request: ExportRequest
  readonly parameters: ExportParameters
  readonly caller: Caller
}

/**
 * Starts an export and waits at most `waitSeconds` for its end.
 * Returns the result of the export, the job if it is still running, or a problem document.
 * With `redirect`, returns a redirect to the archive instead of the result or the job.
 */
export const exportAnswer = async (
  { request, parameters: { waitSeconds, redirect }, caller }: ExportInput,
  services: JobViewServices & { readonly workflows: WorkflowEngine },
): Promise<Answer> => {
  const { job_id } = await startExport(services, request, caller)
  const job = await waitForEnd(services, job_id, waitSeconds)
  return redirect ? archiveAnswer(services, job) : jobAnswer(services, job)
}
