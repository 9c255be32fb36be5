import { Argument, Option } from 'commander'
import * as z from 'zod'
import { schedulePath } from '../../client/paths.ts'
import { defineCommand } from '../../command.ts'
import { EXIT } from '../../exit-codes.ts'
import { timeText } from '../../terminal/units.ts'
import { wholeNumber } from '../../whole-number.ts'

const Paused = z.looseObject({ name: z.string(), until: z.string() })

/** `specstar-backup schedules pause`. */
export const SCHEDULES_PAUSE = defineCommand({
  name: 'schedules pause',
  summary: 'pause a schedule for at most 30 days',
  details: 'The pause ends by itself. The alarm for overdue schedules stays active during the pause.',
  arguments: [new Argument('<schedule>', 'the name of the schedule')],
  options: [
    new Option('--days <number>', 'the days after which the pause ends').default('30'),
    new Option('--reason <text>', 'why the schedule is paused'),
  ],
  examples: ['schedules pause nightly --days 3 --reason migration'],
  input: z.strictObject({
    schedule: z.string().min(1, 'must not be empty'),
    days: wholeNumber(1, 30),
    reason: z.string().optional(),
  }),
  run: async ({ api, output }, { schedule, days, reason }) => {
    const paused = await api().request(Paused, {
      method: 'POST',
      path: schedulePath(schedule, 'pause'),
      body: { days, ...(reason === undefined ? {} : { reason }) },
    })
    output.show(paused, () => `Schedule ${paused.name} is paused until ${timeText(paused.until)}.`)
    return EXIT.succeeded
  },
})
