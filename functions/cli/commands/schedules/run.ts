import { Argument, Option } from 'commander'
import * as z from 'zod'
import { schedulePath } from '../../client/paths.ts'
import { startJob } from '../../client/started-job.ts'
import { defineCommand } from '../../command.ts'
import { finishJob, leaveJob } from '../../finish-job.ts'

/** `specstar-backup schedules run`. */
export const SCHEDULES_RUN = defineCommand({
  name: 'schedules run',
  summary: 'start the export of a schedule now',
  details: 'The archive belongs to the schedule, as if the schedule had started the export.',
  arguments: [new Argument('<schedule>', 'the name of the schedule')],
  options: [new Option('-w, --wait', 'wait until the job has ended, and print its result')],
  examples: ['schedules run nightly', 'schedules run nightly --wait'],
  input: z.strictObject({ schedule: z.string().min(1, 'must not be empty'), wait: z.boolean().optional() }),
  run: async (context, { schedule, wait = false }) => {
    const job = await startJob(context.api(), { path: schedulePath(schedule, 'run') })
    return wait ? finishJob(context, job) : leaveJob(context, job)
  },
})
