/** Messages between the stages of both workflows: keys and counts, never payloads. The state of a workflow stays below 64 KiB. */

export interface StageInput {
  readonly job_id: string
}

/** The output of a stage that plans a map. Each item's worker reads its share of the plan from the work bucket. */
export interface PlannedItems {
  readonly job_id: string
  /** `0 … count-1`. */
  readonly items: readonly number[]
  readonly count: number
}

/** One pass of map item `n`. `cursor` is where the previous pass stopped; the first pass has none. */
export interface PassInput {
  readonly job_id: string
  readonly n: number
  readonly pass: number
  readonly cursor?: string
}

/** The output of a pass: the input of the next one, if there are more. */
export interface PassOutput extends PassInput {
  readonly more: boolean
}

/** The round of the compose stage. With more than 9,900 parts, rounds that join segments precede the last round. */
export interface ComposeInput extends StageInput {
  readonly round: number
}
export interface ComposeOutput extends PlannedItems {
  readonly round: number
  /** True if another round follows, which composes the objects that this round joins. */
  readonly more: boolean
}

export interface FailInput extends StageInput {
  readonly error: { readonly Error: string; readonly Cause?: string }
}

export const plannedItems = (jobId: string, count: number): PlannedItems => ({
  job_id: jobId,
  items: Array.from({ length: count }, (_, n) => n),
  count,
})
