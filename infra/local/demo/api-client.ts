import { z } from 'zod'
import { DemoFailedError } from './check.ts'

const Counts = z.object({ resources: z.number(), revisions: z.number(), blobs: z.number() })
const Changes = z.object({ new: z.number(), changed: z.number(), same: z.number() })
const Check = z.object({ passed: z.boolean(), checked: z.number(), findings_total: z.number() })

const ExportResult = z.object({
  url: z.string(),
  archive: z.object({ size: z.number() }),
  models: z.record(z.string(), Counts),
  complete: z.boolean(),
})
const DryRunResult = z.object({
  models: z.record(z.string(), Changes.extend({ target_only: z.number() })),
  blobs: Changes,
  findings: z.array(z.object({ model: z.string(), resource_id: z.string() })),
})
const Report = z.object({ passed: z.boolean(), checks: z.record(z.string(), Check) })
const Job = z.object({
  job_id: z.string(),
  status: z.string(),
  phase: z.string().optional(),
  progress: z.object({ done: z.number(), total: z.number() }).optional(),
  result: z.unknown().optional(),
  error: z.object({ title: z.string(), detail: z.string() }).optional(),
})
const Slot = z.object({
  job_id: z.string(),
  upload: z.object({ method: z.string(), url: z.string(), headers: z.record(z.string(), z.string()) }),
})
const Started = z.object({ job_id: z.string() })

export type Job = z.output<typeof Job>
export type ExportResult = z.output<typeof ExportResult>
export type Slot = z.output<typeof Slot>
export type DryRunResult = z.output<typeof DryRunResult>
export type Report = z.output<typeof Report>

const ENDED = ['succeeded', 'partial', 'failed', 'cancelled', 'expired']
/** Often enough for a bar to move, seldom enough not to slow the job down. */
const POLL_MS = 250

/** What a restore is to do; absent: everything that the archive holds. */
export interface RestoreScope {
  readonly model?: string
  /** Resources of that model; none: all of them. */
  readonly ids?: readonly string[]
  readonly dryRun?: boolean
}

/** A client of the API, as anyone could write it: HTTP and JSON, nothing of this project's. */
export class ApiClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Starts an export of all models; answers at once. */
  async startExport(format: 'acbak' | 'specstar' = 'acbak'): Promise<string> {
    return (await this.#ask('POST', '/_backup/export', Started, { wait: 0, format })).job_id
  }

  /** Asks for an upload slot that restores all models. */
  async openSlot(): Promise<Slot> {
    return this.#ask('POST', '/_backup/import?wait=0', Slot)
  }

  /** Starts a restore of an export's archive over what is there. Answers at once. */
  async startRestore(exportJob: string, { model, ids = [], dryRun = false }: RestoreScope = {}): Promise<string> {
    const path = model === undefined ? '/_backup/import' : `/${model}/import`
    const query = new URLSearchParams({ wait: '0', on_duplicate: 'overwrite', dry_run: `${dryRun}` })
    for (const id of ids) query.append('ids', id)
    const body = { from: { job_id: exportJob } }
    return (await this.#ask('POST', `${path}?${query.toString()}`, Started, body)).job_id
  }

  /** Waits for a job's end and tells every change on the way. Throws where it does not succeed. */
  async finished(jobId: string, onProgress: (job: Job) => void): Promise<unknown> {
    for (;;) {
      const job = await this.#ask('GET', `/_backup/jobs/${jobId}`, Job)
      onProgress(job)
      if (ENDED.includes(job.status)) {
        if (job.status === 'succeeded') return job.result
        throw new DemoFailedError(`job ${jobId} ended ${job.status}: ${job.error?.detail ?? 'no error given'}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  async report(jobId: string): Promise<Report> {
    return this.#ask('GET', `/_backup/jobs/${jobId}/report`, Report)
  }

  async #ask<T extends z.ZodType>(method: string, path: string, answer: T, body?: object): Promise<z.output<T>> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new DemoFailedError(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`)
    return answer.parse(JSON.parse(text))
  }
}

export const exportResult = (result: unknown): ExportResult => ExportResult.parse(result)
export const dryRunResult = (result: unknown): DryRunResult => DryRunResult.parse(result)
