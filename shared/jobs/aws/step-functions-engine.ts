import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import type { WorkflowEngine } from '../workflow-engine.ts'

type Kind = Parameters<WorkflowEngine['start']>[0]

/** Runs the workflows on Step Functions. */
export class StepFunctionsEngine implements WorkflowEngine {
  readonly #client: SFNClient
  readonly #arns: Readonly<Record<Kind, string | undefined>>

  /** `arns` contains the ARN of each state machine that this function may start, stop or read. */
  constructor(client: SFNClient, arns: Readonly<Record<Kind, string | undefined>>) {
    this.#client = client
    this.#arns = arns
  }

  /**
   * Starts an execution whose name is the job id. If this execution exists, does nothing. While the execution is
   * running, Step Functions accepts a repeated request. After the execution has ended, the response is
   * `ExecutionAlreadyExists`.
   */
  async start(kind: Kind, jobId: string): Promise<void> {
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn: this.#arnOf(kind),
          name: jobId,
          input: JSON.stringify({ job_id: jobId }),
        }),
      )
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error
    }
  }

  /** Stops the execution of a job. If the execution has ended or was never started, does nothing. */
  async stop(kind: Kind, jobId: string, reason: string): Promise<void> {
    const executionArn = this.#executionArn(kind, jobId)
    try {
      await this.#client.send(new StopExecutionCommand({ executionArn, error: 'JobStopped', cause: reason }))
    } catch (error) {
      if (!(error instanceof ExecutionDoesNotExist)) throw error
    }
  }

  /** Returns true if the execution of a job is running. Step Functions deletes executions 90 days after their end. */
  async isRunning(kind: Kind, jobId: string): Promise<boolean> {
    try {
      const { status } = await this.#client.send(
        new DescribeExecutionCommand({ executionArn: this.#executionArn(kind, jobId) }),
      )
      return status === 'RUNNING'
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return false
      throw error
    }
  }

  #executionArn(kind: Kind, jobId: string): string {
    return `${this.#arnOf(kind).replace(':stateMachine:', ':execution:')}:${jobId}`
  }

  #arnOf(kind: Kind): string {
    const arn = this.#arns[kind]
    if (arn === undefined)
      throw new Error(
        `the environment variable ${kind.toUpperCase()}_WORKFLOW_ARN is not set, so this function cannot start, ` +
          `stop or read the ${kind} workflow; set it, and grant the permission, where the function is defined`,
      )
    return arn
  }
}
