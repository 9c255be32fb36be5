/** Every message between stages of both workflows: keys and counts, never payloads (workflow state stays under 64 KiB). */

export interface StageInput {
  readonly job_id: string
}

/** What a stage that plans a map gives: one child for each item; the children read their slice of the plan from the work bucket. */
export interface PlannedItems {
  readonly job_id: string
  /** `0 … count-1`. */
  readonly items: readonly number[]
  readonly count: number
}

/** One pass of a map's child. `cursor` is where the pass before stopped; absent on the first. */
export interface PassInput {
  readonly job_id: string
  readonly n: number
  readonly pass: number
  readonly cursor?: string
}

/** What a pass gives back to the loop of its child. */
export interface PassOutput extends PassInput {
  readonly more: boolean
}

/** Which round of joining the compose stage is in: over 9,900 parts, runs of segments are joined first. */
export interface ComposeInput extends StageInput {
  readonly round: number
}
export interface ComposeOutput extends PlannedItems {
  readonly round: number
  /** Another round follows: what this one makes is joined again. */
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
