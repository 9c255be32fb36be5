import type { z } from 'zod'
import type { StageName } from './stage-names.ts'

/** The name under which results are stored. Each round of `compose-parts` that joins segments has its own name. */
export type ResultName = StageName | `compose-parts-join-${number}`

/** A stage whose passes store their results in the job table. `result` is the schema of one result. */
export interface Stage<Result, Name extends ResultName = StageName> {
  readonly name: Name
  readonly result: z.ZodType<Result>
}
