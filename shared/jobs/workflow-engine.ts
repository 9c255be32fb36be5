import type { Job } from './job.ts'

/** The kind of a job. Each kind has a workflow. */
export type JobKind = Job['kind']

/**
 * Runs the workflows, on AWS with Step Functions, and in the local program with an interpreter. The name of an
 * execution is the job id.
 */
export interface WorkflowEngine {
  /** Starts the workflow of a job. Does nothing if it is already running. */
  start(kind: JobKind, jobId: string): Promise<void>
  /** Stops the workflow of a job. Handlers that are already running are not interrupted. */
  stop(kind: JobKind, jobId: string, reason: string): Promise<void>
  /** Returns true if the workflow of a job has started and has not ended. */
  isRunning(kind: JobKind, jobId: string): Promise<boolean>
  /** Resolves when all handlers of the job have returned. Present only if the engine runs handlers in this process. */
  ended?(jobId: string): Promise<void>
}
