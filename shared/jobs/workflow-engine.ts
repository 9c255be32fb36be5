export type JobKind = 'export' | 'restore'

/** Runs the workflows: Step Functions on AWS, an interpreter in the local program. The execution's name is the job id. */
export interface WorkflowEngine {
  /** Starts the workflow of a job. Does nothing if it is already running. */
  start(kind: JobKind, jobId: string): Promise<void>
  /** Stops the workflow of a job. Handlers that are running finish their current call. */
  stop(kind: JobKind, jobId: string, reason: string): Promise<void>
  /** Only of engines that run handlers in this process: resolves when all handlers of the job have returned. */
  ended?(jobId: string): Promise<void>
}
