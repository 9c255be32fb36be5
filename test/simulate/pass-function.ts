import { z } from 'zod'
import type { Json } from '../../functions/workflows/states.ts'
import { PassInput, type PassOutput, StageInput, type StageMessages } from '../../shared/jobs/messages.ts'
import type { StageFunction } from './lambda.ts'

/** Runs a real stage. Its messages are parsed as in its handler. */
export const realStage =
  <Input, Output extends object>(
    { input: inputSchema, output: outputSchema }: StageMessages<Input, Output>,
    run: (input: Input) => Promise<Output>,
  ): StageFunction =>
  async (input) =>
    toJson(outputSchema.parse(await run(inputSchema.parse(input))))

/** The part of its work that a simulated pass has done. */
export interface SimulatedPass {
  readonly done: boolean
  readonly cursor?: string
}

/** Simulates a stage that runs in passes. */
export const passStage =
  (run: (input: PassInput) => Promise<SimulatedPass>): StageFunction =>
  async (json) => {
    const input = PassInput.parse(json)
    const { done, cursor } = await run(input)
    const { job_id, n, pass } = input
    const output: PassOutput = {
      job_id,
      n,
      pass: pass + 1,
      more: !done,
      ...(cursor === undefined ? {} : { cursor }),
    }
    return toJson(output)
  }

/** Simulates a stage that runs once. */
export const onceStage =
  (run: () => Promise<unknown>): StageFunction =>
  async (json) => {
    await run()
    return toJson(StageInput.parse(json))
  }

const toJson = (value: object): Json => z.json().parse(JSON.parse(JSON.stringify(value)))
