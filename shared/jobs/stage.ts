import type * as z from 'zod'
import type { StageName } from './stage-names.ts'

/**
 * The name under which results are stored. Each round of `compose-parts` that joins segments has its own name, and so
 * have the rounds that merge lists of references to blobs.
 */
export type ResultName = StageName | `compose-parts-join-${number}` | 'export-blobs-merge' | 'preflight-blobs-merge'

/** A stage whose passes store their results in the job table. `result` is the schema of one result. */
export interface Stage<Result, Name extends ResultName = StageName> {
  readonly name: Name
  readonly result: z.ZodType<Result>
}
