import * as z from 'zod'

/** The members of an archive in the catalogue that this command reads. Other members are kept for `--json`. */
export const Archive = z.looseObject({
  job_id: z.string(),
  schedule: z.exactOptional(z.string()),
  bucket: z.string(),
  key: z.string(),
  size: z.number(),
  created_at: z.string(),
  models: z.record(z.string(), z.looseObject({ resources: z.number() })),
  complete: z.boolean(),
  scope: z.exactOptional(z.looseObject({ filters: z.exactOptional(z.looseObject({})) })),
  suspicious: z.boolean(),
  decision: z.exactOptional(z.string()),
  locked_until: z.exactOptional(z.string()),
  last_checked: z.exactOptional(z.looseObject({ at: z.string(), passed: z.boolean() })),
  last_proved: z.exactOptional(z.looseObject({ at: z.string() })),
})
export type Archive = z.output<typeof Archive>
