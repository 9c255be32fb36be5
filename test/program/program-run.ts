import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { freePorts } from '../../infra/local/processes/free-ports.ts'
import { readConfig } from '../../shared/runtime/config.ts'
import { ProgramClient } from '../workflows/program-client.ts'
import { expectAllExited, descendantsOf, RunningProgram } from './running-program.ts'

const Job = z.looseObject({ job_id: z.string(), status: z.string(), phase: z.string().optional() })
type JobStatus = z.output<typeof Job>

const ACTIVE = ['queued', 'running']

/** One run of the program, from its start to its end. Several runs can use the same data folder one after the other. */
export class ProgramRun extends ProgramClient {
  readonly program: RunningProgram

  private constructor(program: RunningProgram, url: string, s3Port: number, dynamoPort: number) {
    const at = (port: number): string => `http://127.0.0.1:${port}`
    super({ url, s3Endpoint: at(s3Port), dynamoEndpoint: at(dynamoPort), config: readConfig({}) })
    this.program = program
  }

  static async start(dir: string): Promise<ProgramRun> {
    const [s3 = 0, dynamo = 0] = await freePorts(2)
    const program = new RunningProgram(dir, { S3_PORT: `${s3}`, DYNAMODB_PORT: `${dynamo}` })
    return new ProgramRun(program, await program.ready(), s3, dynamo)
  }

  /** Sends a signal to the program. Resolves when its local services have exited too. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const descendants = await descendantsOf(this.program.pid)
    await this.program.kill(signal)
    await expectAllExited(descendants)
    this.dynamo.destroy()
    this.s3.destroy()
  }

  /** Kills the program and its local services at the same moment. */
  async killAll(): Promise<void> {
    for (const pid of await descendantsOf(this.program.pid)) process.kill(pid, 'SIGKILL')
    await this.end('SIGKILL')
  }

  async job(jobId: string): Promise<JobStatus> {
    return Job.parse((await this.request('GET', `/_backup/jobs/${jobId}`)).body)
  }

  /** Sends a request that starts a job. Returns the job id without waiting for the job. */
  async startJob(method: string, path: string, body?: Buffer | object): Promise<string> {
    return Job.parse((await this.request(method, path, body)).body).job_id
  }

  /** Polls a job until it reaches a phase or ends. */
  async waitForPhase(jobId: string, phase: string): Promise<JobStatus> {
    for (;;) {
      const job = await this.job(jobId)
      if (job.phase === phase || !ACTIVE.includes(job.status)) return job
    }
  }

  /** Polls a job until it ends. */
  async waitForEnd(jobId: string): Promise<JobStatus> {
    for (;;) {
      const job = await this.job(jobId)
      if (!ACTIVE.includes(job.status)) return job
      await sleep(50)
    }
  }
}
