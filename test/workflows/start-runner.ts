import { afterAll } from 'vitest'
import { sampleStore, writeToStore } from './sample-store.ts'
import { WorkflowRunner, type RunnerOptions } from './workflow-runner.ts'

/**
 * Starts a runner for all tests of a file, and stops it after the last test. Call this function at the top level of the
 * file.
 */
export const startRunner = async (options: RunnerOptions = {}): Promise<WorkflowRunner> => {
  const runner = await WorkflowRunner.start(options)
  afterAll(() => runner.stop())
  return runner
}

/** Starts a runner like `startRunner`, and writes the sample to its store. */
export const startRunnerWithSample = async (options: RunnerOptions = {}): Promise<WorkflowRunner> => {
  const runner = await startRunner(options)
  await writeToStore(runner.clients, sampleStore(runner.services.models))
  return runner
}
