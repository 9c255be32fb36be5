import { Argument } from 'commander'
import * as z from 'zod'
import { schedulePath } from '../../client/paths.ts'
import { ProblemError, UnreachableError } from '../../client/errors.ts'
import { listSchedules, Schedule } from '../../client/schedule.ts'
import { defineCommand } from '../../command.ts'
import { EXIT } from '../../exit-codes.ts'
import { timeText } from '../../terminal/units.ts'

/** `specstar-backup schedules resume`. */
export const SCHEDULES_RESUME = defineCommand({
  name: 'schedules resume',
  summary: 'end the pause of a schedule',
  arguments: [new Argument('<schedule>', 'the name of the schedule')],
  examples: ['schedules resume nightly'],
  input: z.strictObject({ schedule: z.string().min(1, 'must not be empty') }),
  run: async ({ api, output }, { schedule }) => {
    const path = schedulePath(schedule, 'resume')
    // Only for the message. Whoever may resume a schedule need not be allowed to list schedules.
    const before = await listSchedules(api()).catch((error: unknown) => {
      if (error instanceof ProblemError || error instanceof UnreachableError) return []
      throw error
    })
    const wasPaused = before.find(({ name }) => name === schedule)?.paused
    const resumed = await api().request(Schedule, { method: 'POST', path })
    const next = resumed.next_at === undefined ? '' : ` Its next run is at ${timeText(resumed.next_at)}.`
    output.show(
      resumed,
      () => `${resumedText(resumed.name, before.length === 0 ? undefined : wasPaused !== undefined)}${next}`,
    )
    return EXIT.succeeded
  },
})

/** Returns what has changed. `wasPaused` is undefined if it is unknown. */
const resumedText = (name: string, wasPaused: boolean | undefined): string => {
  if (wasPaused === undefined) return `Schedule ${name} is not paused.`
  return wasPaused ? `The pause of schedule ${name} has ended.` : `Schedule ${name} was not paused.`
}
