import { StateMachine } from 'aws-local-stepfunctions'
import { EXPORT_STAGES, exportWorkflow } from '../../../functions/workflows/export.workflow.ts'
import { RESTORE_STAGES, restoreWorkflow } from '../../../functions/workflows/restore.workflow.ts'
import type { Arn, Definition } from '../../../functions/workflows/states.ts'
import type { WorkflowEngine } from '../../../shared/jobs/workflow-engine.ts'
import { RunningHandlers } from './running-handlers.ts'
import { checkDefinition, checkedHandler, localDefinition, type StageHandler, taskStates } from './local-definition.ts'

const ARN = 'arn:aws:lambda:local:000000000000:function:'

/** Where the handlers come from: by the stage's name. The program loads `functions/`; a test may give bundles. */
export type LoadStage = (kind: 'export' | 'restore', stage: string) => Promise<StageHandler>

const loadFromSource: LoadStage = async (kind, stage) => {
  const module = (await import(`../../../functions/${kind}/${stage}.ts`)) as { handler: StageHandler }
  return module.handler
}

/** A definition, and the handlers of its tasks by their resources. */
export interface RunnableWorkflow {
  readonly definition: Definition
  readonly handlers: Readonly<Record<string, StageHandler>>
}

interface Workflow extends RunnableWorkflow {
  readonly machine: StateMachine
}

/** Called when an execution has ended, however, and all of its handlers have returned. */
export type OnEnded = (kind: 'export' | 'restore', jobId: string) => Promise<void>

interface Execution {
  readonly abort: () => void
  readonly ended: Promise<void>
}

/** Runs both workflows in this process, holding them to what AWS enforces. The execution's name is the job id. */
export class LocalWorkflowEngine implements WorkflowEngine {
  readonly #workflows: Readonly<Record<'export' | 'restore', Promise<Workflow>>>
  readonly #running = new Map<string, Execution>()
  readonly #retryMs: number | undefined
  readonly #onEnded: OnEnded

  /** `workflows`: others than those of `functions/`. `retryMs`: how long retries wait instead of the definition's seconds (tests). */
  constructor(
    options: {
      load?: LoadStage
      workflows?: Readonly<Record<'export' | 'restore', RunnableWorkflow>>
      retryMs?: number
      onEnded?: OnEnded
    } = {},
  ) {
    const load = options.load ?? loadFromSource
    this.#onEnded = options.onEnded ?? (() => Promise.resolve())
    this.#retryMs = options.retryMs
    const { workflows } = options
    this.#workflows = {
      export: prepare(workflows?.export ?? fromSource('export', exportWorkflow, EXPORT_STAGES, load)),
      restore: prepare(workflows?.restore ?? fromSource('restore', restoreWorkflow, RESTORE_STAGES, load)),
    }
  }

  /** Starts a workflow; starting what already runs is success. */
  async start(kind: 'export' | 'restore', jobId: string): Promise<void> {
    const { machine, handlers, definition } = await this.#workflows[kind]
    if (this.#running.has(jobId)) return
    const tasks = taskStates(definition)
    const running = new RunningHandlers()
    const execution = machine.run(
      { job_id: jobId },
      {
        context: { Execution: { Name: jobId } },
        overrides: {
          taskResourceLocalHandlers: Object.fromEntries(
            Object.entries(tasks).map(([state, resource]) => [
              state,
              running.tracked(state, checkedHandler(state, stageHandler(handlers, resource))),
            ]),
          ),
          ...(this.#retryMs === undefined
            ? {}
            : {
                retryIntervalOverrides: Object.fromEntries(
                  Object.keys(tasks).map((state) => [state, this.#retryMs ?? 0]),
                ),
              }),
        },
      },
    )
    const ended = execution.result
      // The `Fail` stage has told the job why; an abort is the caller's own.
      .catch(() => undefined)
      .then(async () => {
        await running.close()
        await this.#onEnded(kind, jobId)
      })
      .catch((error: unknown) => {
        console.error(`what follows the end of job ${jobId} failed`, error)
      })
      .finally(() => {
        this.#running.delete(jobId)
      })
    this.#running.set(jobId, { abort: execution.abort, ended })
  }

  /** Aborts an execution and waits until its handlers have returned: after that it writes nothing. */
  async stop(_kind: 'export' | 'restore', jobId: string): Promise<void> {
    const execution = this.#running.get(jobId)
    execution?.abort()
    await execution?.ended
  }

  /** Resolves when the execution has ended and its handlers have returned. */
  async ended(jobId: string): Promise<void> {
    await this.#running.get(jobId)?.ended
  }

  /** Stops everything: executions are aborted, handlers finish the call that they are in. */
  async close(): Promise<void> {
    // Handlers that nobody asked for yet may still be loading.
    await Promise.allSettled(Object.values(this.#workflows))
    await Promise.all([...this.#running.keys()].map((jobId) => this.stop('export', jobId)))
  }
}

const prepare = async (given: RunnableWorkflow | Promise<RunnableWorkflow>): Promise<Workflow> => {
  const { definition, handlers } = await given
  checkDefinition(definition)
  return { definition, handlers, machine: new StateMachine(localDefinition(definition)) }
}

const fromSource = async <Stage extends string>(
  kind: 'export' | 'restore',
  definition: (arn: Arn<Stage>) => Definition,
  stages: readonly Stage[],
  load: LoadStage,
): Promise<RunnableWorkflow> => ({
  definition: definition((stage) => ARN + stage),
  handlers: Object.fromEntries(
    await Promise.all(stages.map(async (stage) => [ARN + stage, await load(kind, stage)] as const)),
  ),
})

const stageHandler = (handlers: Readonly<Record<string, StageHandler>>, resource: string): StageHandler => {
  const handler = handlers[resource]
  if (handler === undefined) throw new Error(`no handler for ${resource}`)
  return handler
}
