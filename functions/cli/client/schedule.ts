import * as z from 'zod'
import type { ApiClient } from './api-client.ts'

/** The members of a schedule that this command reads. Other members are kept for `--json`. */
export const Schedule = z.looseObject({
  name: z.string(),
  cron: z.exactOptional(z.string()),
  rate: z.exactOptional(z.string()),
  timezone: z.exactOptional(z.string()),
  models: z.exactOptional(z.array(z.string())),
  next_at: z.exactOptional(z.string()),
  last: z.exactOptional(
    z.looseObject({
      job_id: z.string(),
      status: z.string(),
      due_at: z.string(),
      judgement: z.exactOptional(z.string()),
      damaged: z.exactOptional(z.boolean()),
    }),
  ),
  last_good_at: z.exactOptional(z.string()),
  searched_until: z.exactOptional(z.string()),
  overdue: z.exactOptional(z.boolean()),
  undecided: z.exactOptional(z.looseObject({ job_id: z.string() })),
  paused: z.exactOptional(
    z.looseObject({ by: z.string(), at: z.string(), until: z.string(), reason: z.exactOptional(z.string()) }),
  ),
})
export type Schedule = z.output<typeof Schedule>

const ScheduleList = z.looseObject({ schedules: z.array(Schedule) })

export const listSchedules = async (api: ApiClient): Promise<readonly Schedule[]> =>
  (await api.request(ScheduleList, { method: 'GET', path: '/_backup/schedules' })).schedules
