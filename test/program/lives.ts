import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { freePorts } from '../../infra/local/processes/free-ports.ts'
import { readConfig } from '../../shared/runtime/config.ts'
import { Outsider } from '../workflows/outsider.ts'
import { allGone, processesBelow, RunningProgram } from './running-program.ts'

const Job = z.looseObject({ job_id: z.string(), status: z.string(), phase: z.string().optional() })
export type SeenJob = z.output<typeof Job>

/** One life of the program on a folder that lives longer. */
export class Life extends Outsider {
  readonly program: RunningProgram

  private constructor(program: RunningProgram, url: string, s3Port: number, dynamoPort: number) {
    const at = (port: number): string => `http://127.0.0.1:${port}`
    super({ url, s3Endpoint: at(s3Port), dynamoEndpoint: at(dynamoPort), config: readConfig({}) })
    this.program = program
  }

  static async begin(dir: string): Promise<Life> {
    const [s3 = 0, dynamo = 0] = await freePorts(2)
    const program = new RunningProgram(dir, { S3_PORT: `${s3}`, DYNAMODB_PORT: `${dynamo}` })
    return new Life(program, await program.ready(), s3, dynamo)
  }

  /** Ends it by a signal; resolves when its stand-ins have ended too. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const below = await processesBelow(this.program.pid)
    await this.program.kill(signal)
    await allGone(below)
    this.dynamo.destroy()
    this.s3.destroy()
  }

  /** Kills it and its stand-ins at one moment. */
  async crash(): Promise<void> {
    for (const pid of await processesBelow(this.program.pid)) process.kill(pid, 'SIGKILL')
    await this.end('SIGKILL')
  }

  async job(jobId: string): Promise<SeenJob> {
    return Job.parse((await this.ask('GET', `/_backup/jobs/${jobId}`)).body)
  }

  /** Starts a job that a request asks for, and does not wait for it. */
  async begun(method: string, path: string, body?: Buffer | object): Promise<string> {
    return Job.parse((await this.ask(method, path, body)).body).job_id
  }

  /** Looks at a job until it has come to a phase, or to its end. */
  async reached(jobId: string, phase: string): Promise<SeenJob> {
    for (;;) {
      const job = await this.job(jobId)
      if (job.phase === phase || !['queued', 'running'].includes(job.status)) return job
    }
  }

  /** Looks at a job until it has ended. */
  async ended(jobId: string): Promise<SeenJob> {
    for (;;) {
      const job = await this.job(jobId)
      if (!['queued', 'running'].includes(job.status)) return job
      await sleep(50)
    }
  }
}
