import * as z from 'zod'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../infra/local/processes/node-flags.ts'
import { BenchProcess } from '../processes/bench-process.ts'
import { timedJob } from './timed-job.ts'

const Stages = z.record(z.string(), z.number())

/** The product: the local program in a process of its own, with the Node flags of `npm start`. */
export class OursProgram {
  readonly url: string
  readonly #process: BenchProcess

  private constructor(url: string, process: BenchProcess) {
    this.url = url
    this.#process = process
  }

  static async start(env: Readonly<Record<string, string>>): Promise<OursProgram> {
    const process = await BenchProcess.start({
      entry: new URL('program.ts', import.meta.url),
      flags: NODE_FLAGS,
      env: { ...env, ...NODE_ENVIRONMENT },
    })
    return new OursProgram(await process.request('url', {}, z.string()), process)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Runs a job. `stages` are the seconds of its stages. */
  async job(
    path: string,
    body: object,
  ): Promise<Awaited<ReturnType<typeof timedJob>> & { stages: Record<string, number> }> {
    const done = await timedJob(this.url, path, body)
    return { ...done, stages: await this.#process.request('stages', {}, Stages) }
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}
