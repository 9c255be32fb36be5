import { Argument } from 'commander'
import * as z from 'zod'
import { schedulePath } from '../../client/paths.ts'
import { Schedule } from '../../client/schedule.ts'
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
    const resumed = await api().request(Schedule, { method: 'POST', path: schedulePath(schedule, 'resume') })
    const next = resumed.next_at === undefined ? '' : ` Its next run is at ${timeText(resumed.next_at)}.`
    output.show(resumed, () => `Schedule ${resumed.name} is not paused.${next}`)
    return EXIT.succeeded
  },
})
