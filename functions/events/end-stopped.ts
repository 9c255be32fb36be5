import { z } from 'zod'
import { endStopped } from '../../shared/lifecycle/end-stopped.ts'
import { eventHandler } from '../handlers/event.ts'

/** What is read of Step Functions' `Execution Status Change`: the execution's name is the job id. */
const Changed = z.object({ detail: z.object({ name: z.string(), status: z.enum(['ABORTED', 'TIMED_OUT', 'FAILED']) }) })

export type StatusEvent = z.input<typeof Changed>

/** An execution was aborted, took too long, or failed in its last stage: ends its job. */
export const handler = eventHandler<StatusEvent>(async (event, services) => {
  const { name, status } = Changed.parse(event).detail
  await endStopped(services, name, status)
})
