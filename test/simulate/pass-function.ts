import * as z from 'zod'
import type { Json } from '../../functions/workflows/states.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { nextPass, PassInput, StageInput, type StageMessages } from '../../shared/jobs/messages.ts'
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
    return toJson(nextPass(input, await run(input), LIMITS))
  }

/** Simulates a stage that runs once. */
export const onceStage =
  (run: () => Promise<unknown>): StageFunction =>
  async (json) => {
    await run()
    return toJson(StageInput.parse(json))
  }

const toJson = (value: object): Json => z.json().parse(JSON.parse(JSON.stringify(value)))
