import * as z from 'zod'
import { endStopped } from '../../shared/lifecycle/end-stopped.ts'
import { event } from '../handlers/event.ts'

/** An `Execution Status Change` event of Step Functions. The name of the execution is the job id. */
const StatusChange = z.object({
  detail: z.object({ name: z.string(), status: z.enum(['ABORTED', 'TIMED_OUT', 'FAILED']) }),
})

/** Ends the job of an execution that was aborted, timed out, or failed in its last stage. */
export const handler = event(StatusChange, async ({ detail }, services) => {
  await endStopped(services, detail.name, detail.status)
})
