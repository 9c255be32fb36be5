import { ExecutionAbortedError, ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions'
import { CHECK_STAGES, EXPORT_STAGES, RESTORE_STAGES } from '../../../functions/stages.ts'
import { checkWorkflow } from '../../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../../functions/workflows/restore.workflow.ts'
import type { Arn, Definition, Json } from '../../../functions/workflows/states.ts'
import type { StageName } from '../../../shared/jobs/stage-names.ts'
import type { JobKind, WorkflowEngine } from '../../../shared/jobs/workflow-engine.ts'
import type { FunctionConcurrency } from './function-concurrency.ts'
import { checkDefinition, localDefinition, MAP_CONCURRENCY, taskStates } from './local-definition.ts'
import { RunningHandlers } from './running-handlers.ts'
import { checkedHandler, type StageHandler } from './stage-handler.ts'

const ARN = 'arn:aws:lambda:local:000000000000:function:'

/** The folders in `functions/` that contain the handlers of stages. A check uses the handlers of a restore. */
type StageFolder = 'export' | 'restore'

/** Loads the handler of a stage. The program loads handlers from `functions/`. Tests can load bundles instead. */
export type LoadStage = (folder: StageFolder, stage: StageName) => Promise<StageHandler>

export const loadFromSource: LoadStage = async (folder, stage) => {
  const module = (await import(`../../../functions/${folder}/${stage}.ts`)) as { handler: StageHandler }
  return module.handler
}

/** A workflow definition, and the handlers of its tasks by their resources (ARNs). */
export interface RunnableWorkflow {
  readonly definition: Definition
  readonly handlers: Readonly<Record<string, StageHandler>>
}

interface PreparedWorkflow extends RunnableWorkflow {
  readonly machine: StateMachine
}

/** The status of an execution that has ended, as Step Functions reports it. */
export type EndStatus = 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED'

/** Called after an execution has ended and all of its handlers have returned. */
type OnEnded = (kind: JobKind, jobId: string, status: EndStatus) => Promise<void>

interface LocalWorkflowEngineOptions {
  readonly load?: LoadStage
  /** Replaces the workflows of `functions/`. */
  readonly workflows?: Readonly<Record<JobKind, RunnableWorkflow>>
  /** The delay before each retry, which replaces the delays in the definition. For tests. */
  readonly retryMs?: number
  /** The number of map items of an execution that run at the same time. The default is four. */
  readonly mapConcurrency?: number
  /** The number of functions of all executions that run at the same time. By default, it has no limit. */
  readonly functionConcurrency?: FunctionConcurrency | undefined
  readonly onEnded?: OnEnded
}

interface Execution {
  readonly abort: () => void
  readonly ended: Promise<void>
}

/**
 * Runs the workflows of all jobs in this process, with the limits of Step Functions. The name of an
 * execution is the id of its job.
 */
export class LocalWorkflowEngine implements WorkflowEngine {
  readonly #workflows: Readonly<Record<JobKind, Promise<PreparedWorkflow>>>
  readonly #running = new Map<string, Execution>()
  readonly #retryMs: number | undefined
  readonly #functionConcurrency: FunctionConcurrency | undefined
  readonly #onEnded: OnEnded

  constructor(options: LocalWorkflowEngineOptions = {}) {
    const { load = loadFromSource, workflows, mapConcurrency = MAP_CONCURRENCY, retryMs } = options
    const { functionConcurrency, onEnded = () => Promise.resolve() } = options
    this.#functionConcurrency = functionConcurrency
    this.#onEnded = onEnded
    this.#retryMs = retryMs
    this.#workflows = {
      export: prepare(workflows?.export ?? fromSource('export', exportWorkflow, EXPORT_STAGES, load), mapConcurrency),
      restore: prepare(
        workflows?.restore ?? fromSource('restore', restoreWorkflow, RESTORE_STAGES, load),
        mapConcurrency,
      ),
      check: prepare(workflows?.check ?? fromSource('restore', checkWorkflow, CHECK_STAGES, load), mapConcurrency),
    }
  }

  /** Starts an execution, unless the job already has a running execution. */
  async start(kind: JobKind, jobId: string): Promise<void> {
    const workflow = await this.#workflows[kind]
    if (this.#running.has(jobId)) return
    const handlers = new RunningHandlers()
    const { abort, result } = workflow.machine.run(
      { job_id: jobId },
      { context: { Execution: { Name: jobId } }, overrides: this.#overrides(workflow, handlers) },
    )
    const ended = result
      .then((): EndStatus => 'SUCCEEDED', statusOf)
      .then(async (status) => {
        await handlers.close()
        await this.#onEnded(kind, jobId, status)
      })
      .catch((error: unknown) => {
        console.error(`local workflow engine: the cleanup after the end of job ${jobId} failed`, error)
      })
      .finally(() => {
        this.#running.delete(jobId)
      })
    this.#running.set(jobId, { abort, ended })
  }

  /** Aborts an execution and waits until its handlers have returned. After that, the job writes nothing more. */
  async stop(_kind: JobKind, jobId: string): Promise<void> {
    const execution = this.#running.get(jobId)
    execution?.abort()
    await execution?.ended
  }

  isRunning(_kind: JobKind, jobId: string): Promise<boolean> {
    return Promise.resolve(this.#running.has(jobId))
  }

  /** Resolves when the execution has ended and its handlers have returned. */
  async ended(jobId: string): Promise<void> {
    await this.#running.get(jobId)?.ended
  }

  /** Aborts all executions and waits until their handlers have returned. */
  async close(): Promise<void> {
    // The handlers may still be loading. A test that ended during an import would fail.
    await Promise.allSettled(Object.values(this.#workflows))
    await Promise.all([...this.#running.keys()].map((jobId) => this.stop('export', jobId)))
  }

  /** Returns the options of the interpreter, which contain the handler of each task and the delays before retries. */
  #overrides({ definition, handlers }: PreparedWorkflow, running: RunningHandlers) {
    const tasks = Object.entries(taskStates(definition))
    const taskResourceLocalHandlers = Object.fromEntries(
      tasks.map(([state, resource]) => [
        state,
        running.track(state, this.#limited(checkedHandler(state, handlerFor(handlers, resource)))),
      ]),
    )
    const delay = this.#retryMs
    if (delay === undefined) return { taskResourceLocalHandlers }
    return {
      taskResourceLocalHandlers,
      retryIntervalOverrides: Object.fromEntries(tasks.map(([state]) => [state, delay])),
    }
  }

  #limited(run: (input: Json) => Promise<Json>): (input: Json) => Promise<Json> {
    return this.#functionConcurrency?.limit(run) ?? run
  }
}

/** Returns the status of an execution that ended with this error. A failed workflow has stored its error in the job. */
const statusOf = (error: unknown): EndStatus => {
  if (error instanceof ExecutionAbortedError) return 'ABORTED'
  return error instanceof ExecutionTimeoutError ? 'TIMED_OUT' : 'FAILED'
}

/**
 * The interpreter would validate each definition against the schema of the Amazon States Language, which takes half a
 * second for each start of an engine. Tests validate all definitions instead.
 */
const WITHOUT_VALIDATION = { validationOptions: { noValidate: true } }

const prepare = async (
  workflow: RunnableWorkflow | Promise<RunnableWorkflow>,
  mapConcurrency: number,
): Promise<PreparedWorkflow> => {
  const { definition, handlers } = await workflow
  checkDefinition(definition)
  return {
    definition,
    handlers,
    machine: new StateMachine(localDefinition(definition, mapConcurrency), WITHOUT_VALIDATION),
  }
}

const fromSource = async <Stage extends StageName>(
  folder: StageFolder,
  definition: (arn: Arn<Stage>) => Definition,
  stages: readonly { readonly name: Stage }[],
  load: LoadStage,
): Promise<RunnableWorkflow> => ({
  definition: definition((stage) => ARN + stage),
  handlers: Object.fromEntries(
    await Promise.all(stages.map(async ({ name }) => [ARN + name, await load(folder, name)] as const)),
  ),
})

const handlerFor = (handlers: Readonly<Record<string, StageHandler>>, resource: string): StageHandler => {
  const handler = handlers[resource]
  if (handler === undefined) throw new Error(`no handler is registered for ${resource}`)
  return handler
}
