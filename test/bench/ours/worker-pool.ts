import * as z from 'zod'
import { nodeSettings } from '../../../infra/functions.ts'
import type { LoadStage } from '../../../infra/local/workflows/local-workflow-engine.ts'
import type { StageHandler } from '../../../infra/local/workflows/stage-handler.ts'
import { BenchProcess } from '../processes/bench-process.ts'
import { ProcessUsage } from '../processes/usage.ts'
import { stageBundle, WORKER_STAGES, workerEntry } from './worker-bundles.ts'

const Invoked = z.object({ result: z.json(), usage: ProcessUsage })

/** The largest memory of a process of each stage, and the CPU time of all its processes. */
export const WorkerUsage = z.record(z.string(), ProcessUsage.extend({ processes: z.number() }))
export type WorkerUsage = z.output<typeof WorkerUsage>

/**
 * Runs the worker stages in processes with the Node settings of the deployed functions. As on Lambda, a process runs
 * one invocation at a time, and later invocations of the same stage reuse it.
 */
export class WorkerPool {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #idle = new Map<string, BenchProcess[]>()
  readonly #all: BenchProcess[] = []
  readonly #usage = new Map<number, { readonly stage: string; readonly usage: ProcessUsage }>()

  /** `folder` contains the bundles. `env` are the environment variables of the functions. */
  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#env = env
  }

  /** Returns the handler of a worker stage. For any other stage, returns the handler that `load` loads. */
  handlerOf(load: LoadStage): LoadStage {
    return async (kind, stage) => {
      const spec = WORKER_STAGES.find(({ name }) => name === stage)
      return spec === undefined ? load(kind, stage) : this.#remoteHandler(spec)
    }
  }

  /** Ends all processes, and returns their usage. */
  async take(): Promise<WorkerUsage> {
    await Promise.all(this.#all.splice(0).map((process) => process.stop()))
    this.#idle.clear()
    const stages: WorkerUsage = {}
    for (const { stage, usage } of this.#usage.values()) {
      const before = stages[stage] ?? { cpu_seconds: 0, peak_bytes: 0, processes: 0 }
      stages[stage] = {
        cpu_seconds: before.cpu_seconds + usage.cpu_seconds,
        peak_bytes: Math.max(before.peak_bytes, usage.peak_bytes),
        processes: before.processes + 1,
      }
    }
    this.#usage.clear()
    return stages
  }

  #remoteHandler({ name, file, size }: (typeof WORKER_STAGES)[number]): StageHandler {
    return async (event, { awsRequestId: requestId }) => {
      const process = this.#idle.get(name)?.pop() ?? (await this.#start(name, file, size.memory))
      try {
        const input = { event, requestId, timeoutMs: size.timeout * 1000 }
        const { result, usage } = await process.request('invoke', input, Invoked)
        this.#usage.set(process.pid, { stage: name, usage })
        return result
      } finally {
        this.#idle.set(name, [...(this.#idle.get(name) ?? []), process])
      }
    }
  }

  async #start(name: string, file: string, memory: number): Promise<BenchProcess> {
    const process = await BenchProcess.start({
      entry: workerEntry(this.#folder),
      args: [stageBundle(this.#folder, file), name],
      flags: [],
      env: {
        ...this.#env,
        ...nodeSettings(memory),
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
      },
    })
    this.#all.push(process)
    return process
  }
}
