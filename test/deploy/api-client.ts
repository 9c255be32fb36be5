import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import type { SignedRequests } from './aws/signed-requests.ts'

export interface ApiAnswer {
  readonly status: number
  readonly location: string | undefined
  readonly body: unknown
}

export const Job = z.looseObject({ job_id: z.string(), status: z.string(), ended_at: z.string().optional() })
export type Job = z.output<typeof Job>

const POLL_MS = 1_000
const UNFINISHED = ['awaiting_upload', 'queued', 'running']

/** The HTTP API of a deployment, called with the signature of one user. */
export class ApiClient {
  readonly #url: string
  readonly #requests: SignedRequests

  constructor(url: string, requests: SignedRequests) {
    this.#url = url
    this.#requests = requests
  }

  async request(method: string, path: string, body?: object | Buffer): Promise<ApiAnswer> {
    const isBytes = Buffer.isBuffer(body)
    const answer = await this.#requests.send('execute-api', {
      method,
      url: new URL(path, this.#url),
      ...(body === undefined
        ? {}
        : {
            headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
            body: isBytes ? body : Buffer.from(JSON.stringify(body)),
          }),
    })
    const text = answer.body.toString()
    return {
      status: answer.status,
      location: answer.headers.location,
      body: text === '' ? {} : text.startsWith('<') ? text : (JSON.parse(text) as unknown),
    }
  }

  /** Starts an export or a restore, and returns the id of its job. */
  async start(method: string, path: string, body?: object | Buffer): Promise<string> {
    const answer = await this.request(method, `${path}${path.includes('?') ? '&' : '?'}wait=0`, body)
    if (answer.status !== 202) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return Job.parse(answer.body).job_id
  }

  async job(id: string): Promise<Job> {
    const { status, body } = await this.request('GET', `/_backup/jobs/${id}`)
    if (status !== 200) throw new Error(`job ${id}: ${status} ${JSON.stringify(body)}`)
    return Job.parse(body)
  }

  /** Waits until a job has ended. */
  async ended(id: string): Promise<Job> {
    for (;;) {
      const job = await this.job(id)
      if (!UNFINISHED.includes(job.status)) return job
      await sleep(POLL_MS)
    }
  }

  /** Starts an export or a restore, waits until it has ended, and returns the job. */
  async run(method: string, path: string, body?: object | Buffer): Promise<Job> {
    return this.ended(await this.start(method, path, body))
  }
}
