/*
 * The messages between the stages of both workflows. They contain ids, counts and cursors, but never payloads, so that
 * the state of a workflow stays below 64 KiB.
 */

export interface StageInput {
  readonly job_id: string
}

/** The output of a stage that plans a map. The worker of item `n` reads its part of the plan from the work bucket. */
export interface PlannedItems {
  readonly job_id: string
  /** The numbers from 0 to `count - 1`. */
  readonly items: readonly number[]
  readonly count: number
}

/** The input of one pass of map item `n`. `cursor` is the position where the previous pass stopped. */
export interface PassInput {
  readonly job_id: string
  readonly n: number
  readonly pass: number
  /** Absent in the first pass. */
  readonly cursor?: string
}

/** The output of a pass. If `more` is true, it is the input of the next pass. */
export interface PassOutput extends PassInput {
  readonly more: boolean
}

/**
 * The input of one round of the compose stage. Most exports have one round. If the archive would have more than 9,900
 * parts, earlier rounds join segments.
 */
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
