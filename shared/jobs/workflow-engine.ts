export type JobKind = 'export' | 'restore'

/** Runs the workflows: Step Functions on AWS, an interpreter in the local program. The execution's name is the job id. */
export interface WorkflowEngine {
  /** Starts a job's workflow. Starting what already runs is success. */
  start(kind: JobKind, jobId: string): Promise<void>
  /** Stops a job's workflow. Handlers that are under way finish the call that they are in. */
  stop(kind: JobKind, jobId: string, reason: string): Promise<void>
  /** Where handlers run in this process: resolves when the job's have all returned. */
  ended?(jobId: string): Promise<void>
}
