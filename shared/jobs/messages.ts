import * as z from 'zod'
import { WorkflowError } from '../problems/problem.ts'
import type { Limits } from './limits.ts'

/*
 * The messages between the stages of all workflows. They contain ids, counts and cursors, but never payloads, so that
 * the state of a workflow stays smaller than 64 KiB.
 */

/** The schemas of the input and the output of a stage. Both schemas remove unknown members of the message. */
export interface StageMessages<Input, Output> {
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
}

export const StageInput = z.object({ job_id: z.string() }).readonly()
export type StageInput = z.output<typeof StageInput>

const Index = z.int().nonnegative()

/**
 * The output of a stage that plans map items. The worker of map item `n` reads its part of the plan from the work
 * bucket.
 */
export const PlannedItems = z
  .object({
    job_id: z.string(),
    /** The numbers with which the items of the map begin: from 0 to `count - 1`, but at most `mapItems` numbers. */
    items: z.array(Index).readonly(),
    /** The number of all map items. */
    count: Index,
  })
  .readonly()
export type PlannedItems = z.output<typeof PlannedItems>

/**
 * The output of a stage that plans map items in rounds. If `more` is true, the stage plans another round after this.
 */
export const PlannedRound = z.object({ ...PlannedItems.unwrap().shape, more: z.boolean() }).readonly()
export type PlannedRound = z.output<typeof PlannedRound>

/** The input of one pass of map item `n`. `cursor` is the position where the previous pass stopped. */
export const PassInput = z
  .object({
    job_id: z.string(),
    n: Index,
    pass: Index,
    /** Absent in the first pass. */
    cursor: z.exactOptional(z.string()),
    /** The number of all map items of the stage. Absent if the stage is not a map. */
    count: z.exactOptional(Index),
  })
  .readonly()
export type PassInput = z.output<typeof PassInput>

/** The output of a pass. If `more` is true, the output is the input of the next pass. */
export const PassOutput = z.object({ ...PassInput.unwrap().shape, more: z.boolean() }).readonly()
export type PassOutput = z.output<typeof PassOutput>

/** The input of the stage that ends a failed job. `error` is the error of the stage that failed. */
export const FailInput = z.object({ job_id: z.string(), error: WorkflowError }).readonly()
export type FailInput = z.output<typeof FailInput>

/** A stage that runs once and plans nothing. */
export const RUN_ONCE: StageMessages<StageInput, StageInput> = { input: StageInput, output: StageInput }
/** A stage that plans the map items of the next stage. */
export const PLAN_ITEMS: StageMessages<StageInput, PlannedItems> = { input: StageInput, output: PlannedItems }
/** A stage that plans the map items of the next stage in rounds. */
export const PLAN_ROUNDS: StageMessages<StageInput, PlannedRound> = { input: StageInput, output: PlannedRound }
/** A stage that runs in passes. */
export const RUN_PASSES: StageMessages<PassInput, PassOutput> = { input: PassInput, output: PassOutput }
/** A stage that ends a failed job. */
export const END_FAILED: StageMessages<FailInput, StageInput> = { input: FailInput, output: StageInput }

type MapLimits = Pick<Limits, 'mapItems'>

export const plannedItems = (jobId: string, count: number, { mapItems }: MapLimits): PlannedItems => ({
  job_id: jobId,
  items: Array.from({ length: Math.min(count, mapItems) }, (_, n) => n),
  count,
})

/**
 * Returns the output of a pass that has ended with `result`. If a map has more than `mapItems` items, the execution
 * that has finished an item continues with the first pass of the item whose number is greater by `mapItems`.
 */
export const nextPass = (
  { job_id, n, pass, count }: PassInput,
  { done, cursor }: { readonly done: boolean; readonly cursor?: string },
  { mapItems }: MapLimits,
): PassOutput => {
  const stage = count === undefined ? { job_id } : { job_id, count }
  if (done && count !== undefined && n + mapItems < count) return { ...stage, n: n + mapItems, pass: 0, more: true }
  return { ...stage, n, pass: pass + 1, more: !done, ...(cursor === undefined ? {} : { cursor }) }
}
