import type { z } from 'zod'

/** A stage whose passes keep results in the job table. `result` is the schema of one result. */
export interface Stage<Result> {
  readonly name: string
  readonly result: z.ZodType<Result>
}
